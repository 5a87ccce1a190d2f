"""WebSocket requests on routes that were made for HTTP.

An upgrade goes through the same routes as any GET. Only the handler at the end
treats it as what it is; every other answer (a redirect, a 404, an error page)
is sent as an HTTP response in place of the handshake.
Source: ASGI's WebSocket Denial Response extension.
"""

from __future__ import annotations

from snake.transport.asgi import Message, Scope, Send

DENIAL = "websocket.http.response"
"""The extension by which a server can answer an upgrade with a plain response."""


def as_get(scope: Scope, send: Send) -> Send:
    """Make `scope` look like a GET, and return a `send` that takes HTTP responses as well."""
    scope.setdefault("method", "GET")
    can_deny = DENIAL in (scope.get("extensions") or {})

    async def answer(message: Message) -> None:
        if not message["type"].startswith("http.response."):
            await send(message)
        elif can_deny:
            await send({**message, "type": f"websocket.{message['type']}"})
        elif message["type"] == "http.response.start":
            await send({"type": "websocket.close", "code": 1000})

    return answer
