"""RequestBody: the body of one request, between the socket and the app's `receive`."""

from __future__ import annotations

from snake.transport.chunks import ChunkReader
from snake.transport.head import CHUNKED
from snake.transport.settings import Settings

MOST_DISCARDED = 262_144
"""Bytes of a body nobody wanted that are read for the sake of the next request (Go: 256 KiB)."""


class RequestBody:
    """Counts the bytes that belong to a request, and keeps those that the app has not taken."""

    __slots__ = ("_chunks", "_left", "_pieces", "complete", "delivered", "discard", "received",
                 "since", "size")  # fmt: skip

    def __init__(self, length: int, settings: Settings, now: float) -> None:
        self._left = length
        self._chunks = ChunkReader(settings) if length == CHUNKED else None
        self._pieces: list[bytes] = []
        self.size = 0
        """Bytes that wait for the app."""
        self.complete = False
        """Whether the last byte came in."""
        self.delivered = False
        """Whether the app was told of the last byte."""
        self.discard: int | None = None
        """How many more bytes may be read for nobody; `None` while the app may want them."""
        self.received = 0
        """Bytes that came in."""
        self.since = now
        """When the last bytes came in."""

    @property
    def left(self) -> int | None:
        """Bytes that are still to come; `None` when only the chunks will tell."""
        return None if self._chunks is not None else self._left

    @property
    def trailers(self) -> list[tuple[bytes, bytes]]:
        """The fields after the body."""
        return self._chunks.trailers if self._chunks is not None else []

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to this body; return what follows it. Raises `RefusedError`."""
        if self._chunks is not None:
            piece, rest = self._chunks.feed(data)
            self.complete = self._chunks.done
        else:
            piece, rest = (data, b"") if len(data) <= self._left else self._cut(data)
            self._left -= len(piece)
            self.complete = self._left == 0
        self.received += len(data) - len(rest)
        if self.discard is not None:
            self.discard -= len(data) - len(rest)
        elif piece:
            self._pieces.append(piece)
            self.size += len(piece)
        return rest

    def _cut(self, data: bytes) -> tuple[bytes, bytes]:
        return data[: self._left], data[self._left :]

    def take(self) -> bytes:
        """Hand over all that waits."""
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.size = 0
        return data
