"""How slow the client of one request may be, beside what the server allows to all."""

from __future__ import annotations

from snake.http.request import Request
from snake.transport.asgi import CLIENT, Client
from snake.transport.limits import Limits

__all__ = ["Limits", "limit_client"]


def limit_client(request: Request, limits: Limits) -> None:
    """Set limits, where the transport knows the client (a test's may not)."""
    client: Client | None = (request.scope.get("extensions") or {}).get(CLIENT)
    if client is not None:
        client.limit(limits)
