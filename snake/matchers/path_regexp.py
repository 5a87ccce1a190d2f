"""path_regexp: match by a regular expression on the decoded, cleaned path.

Syntax::

    path_regexp [<name>] <regexp>

The expression is RE2's, case-sensitive, and may match anywhere in the path. Its
groups become placeholders: `{re.<name>.1}` (`{http.regexp.<name>.1}`), the whole
match is 0, named groups have their names. Without a name they take that of the
named matcher. `{re.1}` is the last expression that matched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from snake.core.regexp import RegexpError, compile_regexp
from snake.plugin import Context, Matcher, MatcherModule, MatcherSyntax, Request, Scope, Segment

_PREFIX = "http.regexp."


class PathRegexp(MatcherModule):
    """The JSON of `http.matchers.path_regexp`."""

    id = "http.matchers.path_regexp"

    name: str = ""
    pattern: str = ""

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the expression."""
        if self.name and not re.search(r"\w", self.name, re.ASCII):
            raise ctx.at("name").fail(
                f"invalid regexp name (must contain only word characters): {self.name}"
            )
        try:
            search = compile_regexp(self.pattern).search
        except RegexpError as error:
            raise ctx.at("pattern").fail(str(error)) from None
        prefixes = [_PREFIX] + ([f"{_PREFIX}{self.name}."] if self.name else [])

        def match(request: Request) -> bool:
            found = search(request.clean_path)
            if found is None:
                return False
            _keep_groups(request, found, prefixes)
            return True

        return match


def _keep_groups(request: Request, found: re.Match[str], prefixes: Sequence[str]) -> None:
    """Set the placeholders; a group that took no part is empty."""
    groups = [found[0], *found.groups(default="")]
    named = found.groupdict(default="")
    for prefix in prefixes:
        for number, text in enumerate(groups):
            request.set_value(f"{prefix}{number}", text)
        for name, text in named.items():
            request.set_value(f"{prefix}{name}", text)


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> PathRegexp:
    """Read the one `path_regexp` line of a named matcher."""
    del scope
    if len(lines) > 1:
        lines[1].fail("regular expression can only be used once per named matcher")
    line = lines[0]
    line.no_block()
    match line.texts:
        case [pattern]:
            own_name = ""
        case [own_name, pattern]:
            pass
        case _:
            line.fail("path_regexp takes a regular expression, and a name before it if it has one")
    return PathRegexp(name=own_name or name, pattern=pattern)


matcher = MatcherSyntax("path_regexp", parse)
