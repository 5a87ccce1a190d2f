"""CGIReply: the response of a FastCGI server."""

from __future__ import annotations

from collections.abc import Callable

from snake.proxy.cgi.head import LONGEST, end_of, length_of, read_head
from snake.proxy.cgi.link import Link
from snake.proxy.contract import BrokenReplyError, Duplex, Field, UpstreamError
from snake.transport.chunks import ChunkReader
from snake.transport.refusal import RefusedError
from snake.transport.settings import Settings

Told = Callable[[int, bytes], None]

_BODILESS = frozenset({204, 304})


class CGIReply:
    """The head of a response, and its body as it comes."""

    def __init__(self, link: Link, head: bytes, begun: bytes, method: str, told: Told) -> None:
        """Read the head. Raises `UpstreamError`.

        `told` gets the status and what came on stderr, when all is over.
        """
        self.status, self.fields = read_head(head)
        self.version = "1.1"
        self.trailers: list[Field] = []
        self.duplex: Duplex | None = None
        self._link = link
        self._begun = begun
        self._told: Told | None = told
        self._chunks = self._coding()
        bodiless = method == "HEAD" or self.status in _BODILESS
        self._left = None if bodiless or self._chunks else length_of(self.fields)
        if link.ended and not bodiless and self._chunks is None and self._left is None:
            # A program seldom tells the length, but it is known when all is here.
            self._left = len(begun) + link.size
            self.fields.append((b"content-length", b"%d" % self._left))

    def _coding(self) -> ChunkReader | None:
        """Return what reads the chunks, which a program may have made itself."""
        codings = [value for name, value in self.fields if name == b"transfer-encoding"]
        if not codings:
            return None
        if codings != [b"chunked"]:
            raise UpstreamError("the upstream sent a Transfer-Encoding that is none")
        return ChunkReader(Settings())

    def ready(self) -> bytes | None:
        """Return the whole body if it is here already, else `None`."""
        link = self._link
        if not link.ended:
            return None
        begun, self._begun = self._begun, b""
        data = self._checked(begun + link.take())
        self._checked(b"")
        return data

    def begun(self) -> bool:
        """Whether some of the body is here."""
        return bool(self._begun)

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises `BrokenReplyError`."""
        begun, self._begun = self._begun, b""
        while True:
            try:
                data = begun or await self._link.read()
            except Exception as error:
                raise BrokenReplyError(str(error)) from error
            begun = b""
            piece = self._checked(data)
            if piece or not data:
                return piece

    def _checked(self, data: bytes) -> bytes:
        """Return the bytes of the body in `data`, of which nothing is the end."""
        if self._chunks is not None:
            return self._of_chunks(self._chunks, data)
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0 or (self._left and not data):
                raise BrokenReplyError("the response is not as long as its Content-Length")
        return data

    def _of_chunks(self, chunks: ChunkReader, data: bytes) -> bytes:
        if not data and not chunks.done:
            raise BrokenReplyError("the response ended within its chunks")
        try:
            return chunks.feed(data)[0]
        except RefusedError as error:
            raise BrokenReplyError(str(error)) from None

    def close(self) -> None:
        """Close the connection, which is for one request. May be repeated."""
        self._link.close()
        if self._told is not None and self._link.stderr:
            self._told(self.status, bytes(self._link.stderr))
        self._told = None


async def read_reply(link: Link, method: str, told: Told) -> CGIReply:
    """Wait for the head of a response. Raises what ended the link before it was there.

    A response of nothing is one: status 200, and no body.
    """
    data, start = bytearray(), 0
    while (size := end_of(data, start)) < 0:
        if len(data) > LONGEST:
            raise UpstreamError("the upstream sent a header without end")
        start = len(data)
        more = await link.read()
        if not more:
            size = start
            break
        data += more
    return CGIReply(link, bytes(data[:size]), bytes(data[size:]), method, told)
