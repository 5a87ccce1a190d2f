"""RequestContent: the body of a client's request, as a transport reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snake.http.errors import HandlerError
from snake.http.handler import Message, Receive
from snake.http.request import Request
from snake.proxy.contract import Content, Field
from snake.proxy.forwarding import client_of
from snake.transport.asgi import ClientDisconnectedError

_NO_TRAILERS = frozenset(
    {
        *(b"authorization", b"content-encoding", b"content-length", b"content-type", b"cookie"),
        *(b"host", b"te", b"trailer", b"transfer-encoding", b"via"),
        *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"),
    }
)
"""Fields that must be known before a body is read, or say who its client is (RFC 9110 §6.5.1)."""
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE"})
"""Methods whose requests have no body, mostly."""


class RequestContent:
    """Reads the body from ASGI's `receive`. Whoever reads it later finds it empty."""

    __slots__ = ("_ended", "_first", "_receive", "_request", "length", "touched")

    def __init__(self, request: Request, length: int | None) -> None:
        self._request = request
        self._receive = request.receive
        self._first = b""
        self._ended = False
        self.length = length
        self.touched = False

    @property
    def trailers(self) -> list[Field]:
        """The fields after the body that were announced before it; complete at its end."""
        client = client_of(self._request)
        if client is None or self.length is not None:
            return []
        announced = announced_trailers(self._request.headers)
        return [field for field in client.trailers if field[0] in announced]

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises `ClientDisconnectedError`."""
        self.touched = True
        if self._request.receive is self._receive:
            self._request.receive = Spent(self._receive)
        first, self._first = self._first, b""
        if first:
            return first
        while not self._ended:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientDisconnectedError("the client went away within its request")
            self._ended = not message.get("more_body", False)
            if piece := message.get("body", b""):
                return bytes(piece)
        return b""

    async def begin(self) -> bool:
        """Wait for the first piece, and return whether there is one; `read` gives it again."""
        self._first = await self.read()
        self.touched = False
        return bool(self._first)


class Spent:
    """The `receive` of a request whose body has been read: it is empty, and there is no more."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._told = False

    async def __call__(self) -> Message:
        """Return the end of the body, and then nothing until the client goes away."""
        if not self._told:
            self._told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                return message


class BegunContent:
    """A body of which a part was read ahead."""

    __slots__ = ("_begun", "_rest", "length", "touched")

    def __init__(self, begun: bytes, rest: Content) -> None:
        self._begun = begun
        self._rest = rest
        self.length = rest.length
        self.touched = False

    @property
    def trailers(self) -> Sequence[Field]:
        """The fields after the body."""
        return self._rest.trailers

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises `ClientDisconnectedError`."""
        self.touched = True
        begun, self._begun = self._begun, b""
        return begun or await self._rest.read()


class KnownContent:
    """A body that is here: it can be sent as often as need be."""

    __slots__ = ("_data", "_given", "length", "touched", "trailers")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._given = False
        self.length: int | None = len(data)
        self.touched = False
        self.trailers: Sequence[Field] = ()

    async def read(self) -> bytes:
        """Return all of it, then nothing."""
        given, self._given = self._given, True
        return b"" if given else self._data

    def rewind(self) -> None:
        """Begin again."""
        self._given = False


async def content_of(request: Request) -> Content | None:
    """Return the body of a request, or `None` when it has none.

    Raises `HandlerError` 502 for one that was sent elsewhere before.
    """
    length = _length(request.headers)
    if length == 0 or request.scope["type"] == "websocket":
        return None
    if length and isinstance(request.receive, Spent):
        raise HandlerError(502, "the body of the request has been sent elsewhere already")
    if length is not None or request.scope.get("http_version", "1.1") in ("1.1", "1.0"):
        chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
        return RequestContent(request, length) if chunked or length else None
    if request.method not in _BODILESS:
        return RequestContent(request, None)
    # HTTP/2 says only by its frames whether there is a body; they are here by now.
    content = RequestContent(request, None)
    return content if await content.begin() else None


async def buffered(content: Content, most: int) -> Content | None:
    """Read a body before it is sent: up to `most` bytes, or all of it if that is negative.

    Return `None` if there is nothing in it. Raises `ClientDisconnectedError`.
    """
    pieces: list[bytes] = []
    size = 0
    while most < 0 or size < most:
        piece = await content.read()
        if not piece:
            return KnownContent(b"".join(pieces)) if pieces else None
        pieces.append(piece)
        size += len(piece)
    return BegunContent(b"".join(pieces), content)


def announced_trailers(fields: Iterable[Field]) -> frozenset[bytes]:
    """Return the names of the fields that are to follow a body, but for those that may not."""
    values = b",".join([value for name, value in fields if name == b"trailer"]).lower()
    names = {name.strip(b" \t") for name in values.split(b",")}
    return frozenset(
        name for name in names - _NO_TRAILERS if name and b"_" not in name and b"." not in name
    )


def _length(fields: Iterable[Field]) -> int | None:
    for name, value in fields:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None
