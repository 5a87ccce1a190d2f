"""H1Reply: a response that comes over an HTTP/1.1 connection, read as it comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from snake.proxy.contract import BrokenReplyError, Duplex, Field
from snake.proxy.response_head import CHUNKED, UNTIL_CLOSED, ResponseHead
from snake.transport.chunks import ChunkReader
from snake.transport.refusal import RefusedError
from snake.transport.settings import Settings

if TYPE_CHECKING:
    from snake.proxy.h1 import H1Connection

HIGH_WATER = 65_536
"""Bytes that wait for the reader before the upstream has to wait."""


class H1Reply:
    """The response and its body. Its connection feeds it."""

    __slots__ = ("_chunks", "_complete", "_connection", "_error", "_keep_alive", "_left",
                 "_limits", "_news", "_pieces", "_size", "duplex", "fields", "length", "status",
                 "trailers", "version")  # fmt: skip

    def __init__(self, connection: H1Connection, head: ResponseHead, limits: Settings) -> None:
        self.status = head.status
        self.version = head.version
        self.fields = head.fields
        self.length = head.length
        self.trailers: list[Field] = []
        self.duplex: Duplex | None = None
        self._connection = connection
        self._limits = limits
        self._keep_alive = head.keep_alive
        self._left = head.length
        self._chunks = ChunkReader(limits) if head.length == CHUNKED else None
        self._pieces: list[bytes] = []
        self._size = 0
        self._complete = False
        self._error: BrokenReplyError | None = None
        self._news: asyncio.Future[None] | None = None

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
            self._pieces.append(piece)
            self._size += len(piece)
            self._notify()

    def _finish(self, *, clean: bool) -> None:
        self._complete = True
        self._notify()
        self._connection.finished(reusable=clean and self._keep_alive)

    def broke(self, why: str) -> None:
        """End a response that cannot be completed."""
        self._error = BrokenReplyError(why)
        self._notify()
        self._connection.close()

    def _notify(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def ended(self, *, clean: bool) -> None:
        """Take the end of the connection, which is the end of some bodies."""
        if self._left == UNTIL_CLOSED and clean:
            self._complete = True
        elif not self._complete and self._error is None:
            self._error = BrokenReplyError("the upstream closed the connection within its response")
        self._notify()

    # What the proxy calls --------------------------------------------------------------------

    def ready(self) -> bytes | None:
        """Return the whole body if it is here already, else `None`."""
        return self._take() if self._complete else None

    def begun(self) -> bool:
        """Whether some of the body is here."""
        return bool(self._pieces)

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises `BrokenReplyError`."""
        while not self._pieces:
            if self._complete:
                return b""
            if self._error is not None:
                raise self._error
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        data = self._take()
        if not self._complete:
            self._connection.resume_reading()
        return data

    def _take(self) -> bytes:
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._size = 0
        return data

    def close(self) -> None:
        """Let go of the connection, which is closed if not all was read. May be repeated."""
        if self.duplex is not None:
            self.duplex.close()
        elif not self._complete and self._error is None:
            self._error = BrokenReplyError("the response was closed")
            self._connection.close()
