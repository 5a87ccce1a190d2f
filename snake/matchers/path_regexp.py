"""path_regexp: match by a regular expression on the decoded, cleaned path.

Syntax::

    path_regexp [<name>] <regexp>

The expression is RE2's, case-sensitive, and may match anywhere in the path. Its
groups become placeholders: `{re.<name>.1}` (`{http.regexp.<name>.1}`), the whole
match is 0, named groups have their names. Without a name they take that of the
named matcher. `{re.1}` is the last expression that matched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import msgspec

from snake.http.captures import Capture
from snake.matchers._lines import each_line
from snake.plugin import Context, Matcher, MatcherModule, MatcherSyntax, Scope, Segment, Shape


class PathRegexp(MatcherModule):
    """The JSON of `http.matchers.path_regexp`."""

    id = "http.matchers.path_regexp"
    call = Shape(1, 2)

    name: str = ""
    pattern: str = msgspec.field(default_factory=str)  # the field is there even when it is empty

    @classmethod
    def from_call(cls, arguments: Sequence[str], name: str) -> Self:
        """Take an expression, with its name in front if it has one."""
        *own_name, pattern = arguments
        return cls(name="".join(own_name) or name, pattern=pattern)

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the expression."""
        match = Capture(self.name, self.pattern).compile(ctx)
        return lambda request: match(request, request.clean_path)


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> PathRegexp:
    """Read the one `path_regexp` line of a named matcher."""
    del scope
    own_name = pattern = ""
    for line in each_line(lines):
        if pattern:
            line.token.fail("regular expression can only be used once per named matcher")
        match line.some("a regular expression, and a name before it if it has one"):
            case (only,):
                pattern = only.text
            case (first, second):
                own_name, pattern = first.text, second.text
            case words:
                words[2].fail(f"path_regexp takes a name and a regular expression, got {words[2]}")
        own_name = own_name or name
    return PathRegexp(name=own_name, pattern=pattern)


matcher = MatcherSyntax("path_regexp", parse)
