"""method: match by the method of the request.

Syntax::

    method <verbs...>
"""

from __future__ import annotations

from collections.abc import Sequence

from snake.matchers._lines import all_words
from snake.plugin import (
    Context,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Request,
    Scope,
    Segment,
    Shape,
)


class Method(MatcherModule):
    """The JSON of `http.matchers.method`: `["GET", "HEAD"]`."""

    id = "http.matchers.method"
    bare = "methods"
    call = Shape()

    methods: tuple[str, ...] | None = None

    async def provision(self, ctx: Context) -> Matcher:
        """Upper-case the methods; a request's are compared as sent."""
        del ctx
        methods = frozenset(method.upper() for method in (self.methods or ()))

        def match(request: Request) -> bool:
            return request.scope["method"] in methods

        return match


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> Method:
    """Read `method` lines; their methods add up."""
    del name, scope
    return Method(methods=all_words(lines) or None)


matcher = MatcherSyntax("method", parse)
