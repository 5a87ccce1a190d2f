"""Watch: a `send` that notes what is sent, for those who measure."""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter

from snake.http.handler import Message, Send
from snake.http.response import declared_length


class Watch:
    """The `send` of one response, and what has been sent."""

    __slots__ = ("_declared", "_send", "began", "size", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._declared = 0
        self.status = 0
        """The status; 0 while there is none, and if no handler has answered."""
        self.size = 0
        """Bytes of the body."""
        self.began = 0.0
        """When the response began, in seconds of `time.perf_counter`; 0 while it has not."""

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send one message."""
        kind = message["type"]
        if kind == "http.response.body":
            self.size += len(message.get("body", b""))
        elif kind == "http.response.start":
            if not message.get("unanswered"):
                self.status = message["status"]
                self.began = perf_counter()
                self._declared = declared_length(message.get("headers") or ())
        elif kind == "http.response.pathsend":
            self.size += self._declared
        elif kind == "websocket.accept":
            self.status = 101
            self.began = perf_counter()
        return self._send(message)
