"""tls: match requests that came over TLS.

Syntax::

    tls [early_data]

With `early_data`, only those that came before the handshake was over. There are none:
snake reads a request when it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from snake.core.suggest import suggestion
from snake.matchers._lines import each_line
from snake.plugin import Context, Matcher, MatcherModule, MatcherSyntax, Scope, Segment

_OPTIONS = ("early_data",)


class TLS(MatcherModule):
    """The JSON of `http.matchers.tls`."""

    id = "http.matchers.tls"

    handshake_complete: bool | None = None

    async def provision(self, ctx: Context) -> Matcher:
        """Choose the test."""
        del ctx
        if self.handshake_complete is False:
            return lambda _: False
        return lambda request: request.is_secure


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> TLS:
    """Read `tls` lines."""
    del name, scope
    complete: bool | None = None
    for line in each_line(lines):
        if not line.has_arguments:
            continue
        word = line.only()
        if word.text not in _OPTIONS:
            word.fail(f"unrecognized option '{word}'{suggestion(word.text, _OPTIONS)}")
        complete = False
    return TLS(handshake_complete=complete)


matcher = MatcherSyntax("tls", parse)
