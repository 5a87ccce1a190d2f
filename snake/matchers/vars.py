"""vars: match by the value of a variable.

Syntax::

    vars <variable> <values...>

The variable is one that `vars` or `map` has set, or a placeholder in braces, and must
have one of the values. Of several variables, one must match. Placeholders may be used
in the values.
"""

from __future__ import annotations

from collections.abc import Sequence

from snake.http.variables import reader
from snake.matchers._lines import each_line
from snake.plugin import (
    MAP,
    Context,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Request,
    Scope,
    Segment,
    Template,
)


class Vars(MatcherModule):
    """The JSON of `http.matchers.vars`: `{"{method}": ["GET", "HEAD"]}`."""

    id = "http.matchers.vars"
    bare = "variables"
    call = MAP

    variables: dict[str, tuple[str, ...]] = {}

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the placeholders."""
        del ctx
        tests = [
            (reader(name), [Template(value).all for value in values])
            for name, values in self.variables.items()
        ]

        def match(request: Request) -> bool:
            for read, wanted in tests:
                value = read(request)
                if any(fill(request) == value for fill in wanted):
                    return True
            return not tests

        return match


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> Vars:
    """Read `vars` lines; the values for one variable add up."""
    del name, scope
    variables: dict[str, tuple[str, ...]] = {}
    for line in each_line(lines):
        variable = line.take("a variable and its values").text
        values = line.some("at least one value to match against")
        variables[variable] = (
            *variables.get(variable, ()),
            *(word.text for word in values),
        )
    return Vars(variables=variables)


matcher = MatcherSyntax("vars", parse)
