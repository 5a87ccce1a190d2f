"""The body of a request: limited, or replaced by another."""

from __future__ import annotations

from collections.abc import Awaitable

from snake.http.errors import HandlerError
from snake.http.handler import Message, Next, Send
from snake.http.request import Request
from snake.transport.asgi import NOTHING

TOO_LARGE = 413


def too_large(limit: int) -> HandlerError:
    """Return the error for a body of more than `limit` bytes."""
    return HandlerError(TOO_LARGE, f"request body larger than {limit} bytes")


async def run_limited(request: Request, send: Send, next: Next, limit: int) -> None:
    """Run `next` with a body of at most `limit` bytes.

    A longer one ends, for whoever reads it, as if the client had gone; the answer is
    then a 413, unless another one had been begun.
    """
    count = _Count(request, send, limit)
    request.receive = count.receive
    try:
        await next(request, count.send)
    except Exception:
        if not count.refuses:
            raise
    if count.refuses:
        raise too_large(limit)


def replace_body(request: Request, body: bytes) -> None:
    """Give whoever reads the body another one, and its length."""
    request.scope["headers"] = [
        *(field for field in request.headers if field[0] not in _FRAMING),
        (b"content-length", str(len(body)).encode()),
    ]
    receive, sent = request.receive, False

    async def replaced() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message

    request.receive = replaced


_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class _Count:
    """Counts the body of one request, and swallows what is answered when it is too long."""

    __slots__ = ("_left", "_receive", "_send", "_started", "_too_long")

    def __init__(self, request: Request, send: Send, limit: int) -> None:
        self._receive = request.receive
        self._send = send
        self._left = limit
        self._started = False
        self._too_long = False

    @property
    def refuses(self) -> bool:
        """Whether the body was too long and nothing has been answered."""
        return self._too_long and not self._started

    async def receive(self) -> Message:
        """Receive a message of the request, or its end when it is too long."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self._too_long = True
            return {"type": "http.disconnect"}
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Send what is answered, unless the 413 comes in its place."""
        if self.refuses:
            return NOTHING
        self._started = True
        return self._send(message)
