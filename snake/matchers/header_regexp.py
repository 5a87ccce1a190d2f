"""header_regexp: match by a regular expression on a header field.

Syntax::

    header_regexp [<name>] <field> <regexp>

Every field given must have a value that matches. The expression is RE2's, may match
anywhere in the value, and its groups become placeholders, as with `path_regexp`.
"""

from __future__ import annotations

from collections.abc import Sequence

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
)


class HeaderRegexp(MatcherModule):
    """The JSON of `http.matchers.header_regexp`: an expression for each field."""

    id = "http.matchers.header_regexp"
    bare = "fields"

    fields: dict[str, Capture] = {}

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
