"""A request as a proxy would send it, made from a line and its fields."""

from __future__ import annotations

from typing import Any

from snake.http.request import Request
from snake.proxy.contract import Outgoing
from snake.transport.asgi import Message


async def _receive() -> Message:
    return {"type": "http.disconnect"}


def outgoing(
    target: str = "/", fields: dict[str, str] | None = None, method: str = "GET", **scope: Any
) -> Outgoing:
    """Return the request; `scope` is what else its ASGI scope has."""
    raw = [(name.lower().encode(), value.encode()) for name, value in (fields or {}).items()]
    path, _, query = target.partition("?")
    request = Request(
        {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": raw,
            "client": ("127.0.0.1", 50000),
            **scope,
        },
        _receive,
    )
    return Outgoing(request, method, target.encode(), raw)
