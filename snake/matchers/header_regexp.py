"""header_regexp: match by a regular expression on a header field.

Syntax::

    header_regexp [<name>] <field> <regexp>

Every field given must have a value that matches. The expression is RE2's, may match
anywhere in the value, and its groups become placeholders, as with `path_regexp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from snake.http.captures import Capture
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


class HeaderRegexp(MatcherModule):
    """The JSON of `http.matchers.header_regexp`: an expression for each field."""

    id = "http.matchers.header_regexp"
    bare = "fields"
    call = Shape(2, 3)

    fields: dict[str, Capture] = {}

    @classmethod
    def from_call(cls, arguments: Sequence[str], name: str) -> Self:
        """Take what to search and an expression, with its name in front if it has one."""
        *own_name, of, pattern = arguments
        return cls(fields={of: Capture("".join(own_name) or name, pattern)})

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the expressions."""
        tests = [
            (name.lower().encode("latin-1", "replace"), capture.compile(ctx.at(name)))
            for name, capture in self.fields.items()
        ]

        def match(request: Request) -> bool:
            return all(
                any(search(request, value) for value in request.header_values(field))
                for field, search in tests
            )

        return match


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> HeaderRegexp:
    """Read `header_regexp` lines, one for each field."""
    del scope
    fields: dict[str, Capture] = {}
    for field, capture in read_captures(lines, name):
        if field.text in fields:
            field.fail(
                "header_regexp matcher can only be used once per named matcher, "
                f"per header field: {field}"
            )
        fields[field.text] = capture
    return HeaderRegexp(fields=fields)


matcher = MatcherSyntax("header_regexp", parse)
