"""GunzipReply: a response that the proxy asked to be compressed, and the client did not.

It is inflated as it is read, a bounded piece at a time: a few bytes of gzip can be gigabytes, and
none of them wait here.
"""

from __future__ import annotations

import zlib

from snake.proxy.contract import BrokenReplyError, Duplex, Field, Reply

ACCEPT = (b"accept-encoding", b"gzip")
_GZIP = 31
"""zlib's `wbits` for the format of RFC 1952."""
_PIECE = 65_536
"""Bytes that are inflated at once."""
_INPUT = 16_384
"""Bytes of gzip that are looked at together: zlib copies them for every member that ends there."""
_BODILESS = frozenset({101, 204, 304})
_DROPPED = frozenset({b"content-encoding", b"content-length"})


def inflated(reply: Reply) -> Reply:
    """Return a response to a request that `ACCEPT` was added to, without gzip."""
    fields = dict(reply.fields)
    if (
        fields.get(b"content-encoding", b"").lower() != b"gzip"
        or fields.get(b"content-length") == b"0"
        or reply.status in _BODILESS
    ):
        return reply
    return GunzipReply(reply)


class GunzipReply:
    """Reads another response and inflates it."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._inflater = zlib.decompressobj(_GZIP)
        self._waiting = memoryview(b"")
        """Bytes that are still to be inflated."""
        self._first = b""
        self._begun = False
        self.status = reply.status
        self.version = reply.version
        self.fields: list[Field] = [field for field in reply.fields if field[0] not in _DROPPED]
        self.duplex: Duplex | None = None

    @property
    def trailers(self) -> list[Field]:
        """The fields after the body."""
        return self._reply.trailers

    def ready(self) -> bytes | None:
        """Return the whole body if it is here already and is short, else `None`."""
        data = self._reply.ready()
        if data is None:
            return None
        self._waiting = memoryview(data)
        try:
            while self._waiting and len(self._first) < _PIECE:
                self._first += self._inflate()
        except BrokenReplyError:
            return None
        return self._first if self._is_over() else None

    def begun(self) -> bool:
        """Whether some of the body is here."""
        return bool(self._first or self._waiting) or self._reply.begun()

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises `BrokenReplyError`."""
        piece, self._first = self._first, b""
        while not piece:
            if not self._waiting:
                self._waiting = memoryview(await self._reply.read())
            if not self._waiting:
                break
            piece = self._inflate()
        if not (piece or self._is_over()):
            raise BrokenReplyError("the upstream sent half of a gzip stream")
        return piece

    def _is_over(self) -> bool:
        return not self._waiting and (self._inflater.eof or not self._begun)

    def _inflate(self) -> bytes:
        """Inflate what waits, up to a piece. Raises `BrokenReplyError` for what is no gzip."""
        if self._inflater.eof:  # another member follows (RFC 1952 §2.2)
            self._inflater = zlib.decompressobj(_GZIP)
        self._begun = self._begun or bool(self._waiting)
        data = self._waiting[:_INPUT]
        try:
            piece = self._inflater.decompress(data, _PIECE)
        except zlib.error as error:
            self.close()
            raise BrokenReplyError(f"the upstream sent no gzip: {error}") from None
        left = self._inflater.unused_data or self._inflater.unconsumed_tail
        self._waiting = self._waiting[len(data) - len(left) :]
        return piece

    def close(self) -> None:
        """Let go of the connection."""
        self._reply.close()
