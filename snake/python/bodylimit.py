"""Body limit: `request_body_max_size`, beyond which a request is a 413."""

from __future__ import annotations

from collections.abc import Awaitable

from snake.core.errors import ConfigError
from snake.core.units import UnitError, size
from snake.http.errors import HandlerError
from snake.http.handler import Handler, Message, Next, Send
from snake.http.request import Request

TOO_LARGE = 413


def body_limit(text: str) -> int | None:
    """Read `request_body_max_size` in bytes; `None` for no limit. Raises `ConfigError`."""
    if not text:
        return None
    try:
        limit = size(text)
    except UnitError as error:
        raise ConfigError(f'invalid request_body max_size "{text}": {error}') from None
    if limit == 0:
        raise ConfigError(f'request_body max_size must be greater than 0, got "{text}"')
    return limit


def limit_body(handler: Handler, limit: int) -> Handler:
    """Return `handler` for requests whose body has at most `limit` bytes.

    A longer one that says so is refused before the app is called. One that does
    not ends for the app as if the client had gone, and its answer is a 413
    unless the app had begun one.
    """

    async def limited(request: Request, send: Send, next: Next) -> None:
        length = request.header(b"content-length")
        if length is not None and length.isdigit() and int(length) > limit:
            raise HandlerError(TOO_LARGE, f"request body larger than {limit} bytes")
        count = _Count(request, send, limit)
        request.receive = count.receive
        try:
            await handler(request, count.send, next)
        except Exception:
            if not count.refuses:
                raise
        if count.refuses:
            raise HandlerError(TOO_LARGE, f"request body larger than {limit} bytes")

    return limited


class _Count:
    """Counts the body of one request, and swallows what the app answers when it is too long."""

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
        """Send what the app answers, unless the 413 comes in its place."""
        if self.refuses:
            return _nothing()
        self._started = True
        return self._send(message)


async def _nothing() -> None:
    pass
