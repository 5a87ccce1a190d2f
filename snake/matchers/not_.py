"""not: match the requests that the matchers in it do not.

Syntax::

    not <matcher> <arguments...>
    not {
        <any matchers>
    }

The matchers of one `not` are joined by "and" before they are negated; of several
`not` lines none may match.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from snake.http.matcher import provision_sets
from snake.matchers._nested import matcher_lines
from snake.plugin import (
    Context,
    In,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Scope,
    Segment,
)


class Not(MatcherModule):
    """The JSON of `http.matchers.not`: a list of matcher sets."""

    id = "http.matchers.not"
    bare = "sets"

    sets: tuple[dict[str, Annotated[msgspec.Raw, In("http.matchers")]], ...] = ()

    async def provision(self, ctx: Context) -> Matcher:
        """Provision the sets and negate them."""
        any_set = await provision_sets(ctx, self.sets)
        if any_set is None:
            return lambda _: True
        return lambda request: not any_set(request)


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> Not:
    """Read `not` lines; each is one set. The matchers in it take no name from the outer set."""
    del name
    return Not(sets=tuple(scope.matcher_set(list(matcher_lines(line)), "") for line in lines))


matcher = MatcherSyntax("not", parse)
