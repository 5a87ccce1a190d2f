"""vars_regexp: match by a regular expression on the value of a variable.

Syntax::

    vars_regexp [<name>] <variable> <regexp>

The variable is one that `vars` or `map` has set, or a placeholder in braces. Of several
variables, one must match. The expression is RE2's, may match anywhere in the value, and
its groups become placeholders, as with `path_regexp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from snake.http.captures import Capture
from snake.http.variables import reader
from snake.matchers._lines import read_captures
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


class VarsRegexp(MatcherModule):
    """The JSON of `http.matchers.vars_regexp`: an expression for each variable."""

    id = "http.matchers.vars_regexp"
    bare = "variables"
    call = Shape(2, 3)

    variables: dict[str, Capture] = {}

    @classmethod
    def from_call(cls, arguments: Sequence[str], name: str) -> Self:
        """Take what to search and an expression, with its name in front if it has one."""
        *own_name, of, pattern = arguments
        return cls(variables={of: Capture("".join(own_name) or name, pattern)})

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the expressions."""
        tests = [
            (reader(name), capture.compile(ctx.at(name)))
            for name, capture in self.variables.items()
        ]

        def match(request: Request) -> bool:
            return any(search(request, read(request)) for read, search in tests)

        return match


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> VarsRegexp:
    """Read `vars_regexp` lines; the last for a variable counts."""
    del scope
    found = read_captures(lines, name)
    return VarsRegexp(variables={of.text: capture for of, capture in found})


matcher = MatcherSyntax("vars_regexp", parse)
