"""H1Reply: a response that comes over an HTTP/1.1 connection, read as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snake.proxy.arriving import ArrivingReply
from snake.proxy.response_head import CHUNKED, UNTIL_CLOSED, ResponseHead
from snake.transport.chunks import ChunkReader
from snake.transport.refusal import RefusedError
from snake.transport.settings import Settings

if TYPE_CHECKING:
    from snake.proxy.h1 import H1Connection

HIGH_WATER = 65_536
"""Bytes that wait for the reader before the upstream has to wait."""


class H1Reply(ArrivingReply):
    """The response and its body. Its connection feeds it."""

    __slots__ = ("_chunks", "_connection", "_keep_alive", "_left", "_size", "length")

    def __init__(self, connection: H1Connection, head: ResponseHead, limits: Settings) -> None:
        super().__init__(head.version, head.status, head.fields)
        self.length = head.length
        self._connection = connection
        self._keep_alive = head.keep_alive
        self._left = head.length
        self._chunks = ChunkReader(limits) if head.length == CHUNKED else None
        self._size = 0

    # What the connection calls --------------------------------------------------------

    def begin(self, data: bytes) -> None:
        """Take what came together with the head."""
        if data or self._left == 0:
            self.feed(data)

    def feed(self, data: bytes) -> None:
        """Take bytes of the body."""
        if self._chunks is not None:
            self._feed_chunks(self._chunks, data)
        elif self._left == UNTIL_CLOSED:
            self._keep(data)
        else:
            self._feed_counted(data)
        if self._size > HIGH_WATER and not self._complete:
            self._connection.pause_reading()

    def _feed_counted(self, data: bytes) -> None:
        left = self._left - len(data)
        if left > 0:
            self._left = left
            self._keep(data)
            return
        self._keep(data[:left] if left else data)
        self._finish(clean=not left)

    def _feed_chunks(self, chunks: ChunkReader, data: bytes) -> None:
        try:
            piece, rest = chunks.feed(data)
        except RefusedError as error:
            self.broke(f"the upstream sent a body that is not in chunks: {error.detail}")
            return
        self._keep(piece)
        if chunks.done:
            self.trailers = chunks.trailers
            self._finish(clean=not rest)

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._size += len(piece)
            super()._keep(piece)

    def _finish(self, *, clean: bool) -> None:
        self._end()
        self._connection.finished(reusable=clean and self._keep_alive)

    def broke(self, why: str) -> None:
        """End a response that cannot be completed."""
        self._break(why)
        self._connection.close()

    def ended(self, *, clean: bool) -> None:
        """Take the end of the connection, which is the end of some bodies."""
        if self._left == UNTIL_CLOSED and clean:
            self._end()
        else:
            self._break("the upstream closed the connection within its response")

    def _taken(self) -> None:
        self._size = 0
        if not self._complete:
            self._connection.resume_reading()

    # What the proxy calls --------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the connection, which is closed if not all was read. May be repeated."""
        if self.duplex is not None:
            self.duplex.close()
        elif not self._complete and self._broken is None:
            self.broke("the response was closed")
