"""The words that a Caddyfile may use: directives, matchers and options, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snake.adapter.directive import Directive, MatcherSyntax, Option
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.core.modules import load_object
from snake.core.plugins import Table
from snake.core.record import Record
from snake.core.suggest import suggestion


class Catalogue(Record):
    """Tables from names to import paths. A word is imported when a Caddyfile first uses it."""

    directives: Table
    matchers: Mapping[str, str]
    options: Mapping[str, str]
    guests: Guests
    """Reads the modules that stand inside of directives and options."""

    def directive(self, line: Segment, hint: str = "") -> Directive:
        """Return the directive that a line begins with. Raises `CaddyfileError`."""
        found: Directive = _find(self.directives, line, "directive", hint)
        return found

    def matcher(self, line: Segment) -> MatcherSyntax:
        """Return the matcher that a line begins with. Raises `CaddyfileError`."""
        found: MatcherSyntax = _find(self.matchers, line, "matcher")
        return found

    def option(self, line: Segment) -> Option:
        """Return the global option that a line begins with. Raises `CaddyfileError`."""
        found: Option = _find(self.options, line, "global option")
        return found


def _find(table: Mapping[str, str], line: Segment, kind: str, hint: str = "") -> Any:  # noqa: ANN401
    if line.name not in table:
        line.fail(f"unrecognized {kind}: {line.name}{suggestion(line.name, table)}", hint)
    return load_object(table[line.name])
