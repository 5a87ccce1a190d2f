"""HeldBody: the body of a request as the text that `{http.request.body}` stands for.

Placeholders are filled at once, and a body has to be waited for. So whatever has one of these
placeholders gets a request whose body has been read, and is there to be read again.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

from snake.http.errors import HandlerError
from snake.http.handler import Handler, Linked, Message, Next, Send, chain
from snake.http.request import Request
from snake.transport.asgi import ClientDisconnectedError, Receive

MARK = b"{http.request.body"
"""What both placeholders begin with."""
MOST = 16 * 1024 * 1024
"""Bytes that are held for one request."""

_ROUTES = b'"handler":"subroute"'
_END: Message = {"type": "http.request", "body": b"", "more_body": False}


class HeldBody:
    """The body of one request."""

    __slots__ = ("_asking", "_data", "_ended", "_receive", "_replay")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False
        self._asking = False
        self._data = b""
        self._replay: Receive | None = None

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are kept as surrogates."""
        return self._data.decode("utf-8", "surrogateescape")

    @property
    def base64(self) -> str:
        """The body in base64."""
        return b64encode(self._data).decode()

    async def receive(self) -> Message:
        """Receive a message of the client. Who holds a body that was read gets an empty one."""
        if self._ended and self._asking:
            return _END
        message = await self._receive()
        self._ended = not message.get("more_body", False)
        return message

    async def hold(self, request: Request) -> None:
        """Read the body as it is now, unless that has been done.

        Raises `HandlerError` for one that is too long.
        """
        if request.receive is self._replay or request.scope["type"] != "http":
            return
        self._asking = True
        try:
            self._data = await _whole(request.receive)
        finally:
            self._asking = False
        request.receive = self._replay = _replayed(self._data, request.receive)


async def _whole(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    left = MOST
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnectedError("the client went away within its request")
        piece = message.get("body", b"")
        left -= len(piece)
        if left < 0:
            raise HandlerError(413, f"request body larger than {MOST} bytes")
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


def wants_body(raws: Iterable[bytes]) -> bool:
    """Whether a placeholder of the body stands in any of these."""
    return any(MARK in bytes(raw) for raw in raws)


def with_body(handler: Handler, raw: bytes) -> Handler:
    """Return a handler that gets the body held, if it has a placeholder of it.

    Routes have handlers of their own, each of which sees to that itself.
    """
    text = bytes(raw)
    return _WithBody(handler) if MARK in text and _ROUTES not in text else handler


class _WithBody(Linked):
    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def link(self, after: Next) -> Next:
        return hold_before(chain(self._handler, after))


def hold_before(next: Next) -> Next:
    """Return `next` with the body held before it."""

    async def hold(request: Request, send: Send) -> None:
        if request.body is not None:
            await request.body.hold(request)
        await next(request, send)

    return hold
