"""RequestContent: the body of a client's request, as a transport reads it."""

from __future__ import annotations

from collections.abc import Iterable

from snake.http.request import Request
from snake.proxy.contract import Content, Field
from snake.transport.exchange import ClientDisconnectedError

_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE"})
"""Methods whose requests have no body, mostly."""


class RequestContent:
    """Reads the body from ASGI's `receive`."""

    __slots__ = ("_ended", "_first", "_request", "length", "touched")

    def __init__(self, request: Request, length: int | None, first: bytes = b"") -> None:
        self._request = request
        self._first = first
        self._ended = False
        self.length = length
        self.touched = False

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises `ClientDisconnectedError`."""
        self.touched = True
        first, self._first = self._first, b""
        if first:
            return first
        while not self._ended:
            message = await self._request.receive()
            if message["type"] != "http.request":
                raise ClientDisconnectedError("the client went away within its request")
            self._ended = not message.get("more_body", False)
            if piece := message.get("body", b""):
                return bytes(piece)
        return b""


class KnownContent:
    """A body that is here: it can be sent as often as need be."""

    __slots__ = ("_data", "_given", "length", "touched")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._given = False
        self.length: int | None = len(data)
        self.touched = False

    async def read(self) -> bytes:
        """Return all of it, then nothing."""
        given, self._given = self._given, True
        return b"" if given else self._data

    def rewind(self) -> None:
        """Begin again."""
        self._given = False


async def content_of(request: Request) -> Content | None:
    """Return the body of a request, or `None` when it has none."""
    length = _length(request.headers)
    if length == 0:
        return None
    if length is not None or request.scope.get("http_version", "1.1") in ("1.1", "1.0"):
        chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
        return RequestContent(request, length) if chunked or length else None
    if request.method not in _BODILESS:
        return RequestContent(request, None)
    # HTTP/2 says only by its frames whether there is a body; they are here by now.
    content = RequestContent(request, None)
    first = await content.read()
    return RequestContent(request, None, first) if first else None


def _length(fields: Iterable[Field]) -> int | None:
    for name, value in fields:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None
