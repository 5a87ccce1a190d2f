"""strict_sni_host: the Host of a request must be the name that its connection was encrypted for.

Without it a client could be let in by the policy of one name and ask for another (Caddy:
`enforcementHandler`).
"""

from __future__ import annotations

from collections.abc import Awaitable

from snake.http.errors import HandlerError
from snake.http.handler import Next, Send
from snake.http.request import Request
from snake.tls.secured import SECURED, Secured

_MISDIRECTED = 421


def with_strict_host(routes: Next) -> Next:
    """Return routes that only requests reach whose Host is the name of their TLS."""

    def run(request: Request, send: Send) -> Awaitable[None]:
        secured: Secured | None = request.scope.get(SECURED)
        if secured is not None and secured.server_name.lower() != request.host:
            raise HandlerError(
                _MISDIRECTED,
                f"strict host matching: TLS ServerName ({secured.server_name}) and "
                f"HTTP Host ({request.host}) values differ",
            )
        return routes(request, send)

    return run
