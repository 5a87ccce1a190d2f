"""Noting: a `send` that knows the status of the response, as the transport's own does."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from snake.http.handler import Message, Send


class Known(Protocol):
    """A `send` with the status of the response, which is 0 while there is none."""

    status: int

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send one message."""
        ...


def noting(send: Send) -> Known:
    """Return a `send` that knows the status: this one, if it does."""
    try:
        send.status  # type: ignore[attr-defined]  # noqa: B018
    except AttributeError:
        return _Noting(send)
    return send  # type: ignore[return-value]


class _Noting:
    """Notes the status where the transport does not: of WebSockets, and behind other wrappers."""

    __slots__ = ("_send", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send one message."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
        elif kind == "websocket.accept":
            self.status = 101
        return self._send(message)
