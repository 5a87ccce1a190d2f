"""Captures: a regular expression whose groups become placeholders when it matches.

Source: Caddy's `MatchRegexp`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from snake.config.struct import Config
from snake.core.modules import Context
from snake.core.regexp import Match, RegexpError, compile_regexp
from snake.http.request import Request

_PREFIX = "http.regexp."


class Capture(Config):
    """An expression, and the name that its placeholders have."""

    name: str = ""
    pattern: str = msgspec.field(default_factory=str)  # the field is there even when it is empty

    def compile(self, ctx: Context) -> Callable[[Request, str], bool]:
        """Return what searches a text, and keeps the groups in the request.

        Raises `ConfigError`.
        """
        if self.name and not re.search(r"\w", self.name, re.ASCII):
            raise ctx.at("name").fail(
                f"invalid regexp name (must contain only word characters): {self.name}"
            )
        try:
            search = compile_regexp(self.pattern).search
        except RegexpError as error:
            raise ctx.at("pattern").fail(str(error)) from None
        prefixes = [_PREFIX] + ([f"{_PREFIX}{self.name}."] if self.name else [])

        def match(request: Request, text: str) -> bool:
            found = search(text)
            if found is None:
                return False
            _keep_groups(request, found, prefixes)
            return True

        return match


def _keep_groups(request: Request, found: Match, prefixes: Sequence[str]) -> None:
    """Set the placeholders; a group that took no part is empty."""
    groups = [found[0], *found.groups(default="")]
    named = found.groupdict(default="")
    for prefix in prefixes:
        for number, text in enumerate(groups):
            request.set_value(f"{prefix}{number}", text)
        for name, text in named.items():
            request.set_value(f"{prefix}{name}", text)
