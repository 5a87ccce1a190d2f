"""Content: an open file, and the ways to send it or parts of it.

A small file is read at once and goes out in one message with its headers. A big one goes to the
transport as it is where that can send files itself, and else in chunks that a thread reads. A file
that shrinks while it is sent ends the connection: its length was promised.
"""

from __future__ import annotations

import os
import secrets
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from snake.core.thread import in_thread
from snake.files.precompressed import Sidecar
from snake.files.ranges import Range
from snake.http.errors import AbortError
from snake.http.handler import Message, Send
from snake.http.request import Request

SMALL = 65_536
"""Bytes up to which a file is read at once; from the page cache that takes microseconds."""

CHUNK = 262_144
"""Bytes that a thread reads at a time."""

READ = os.O_RDONLY
"""How files are opened: a FIFO must not block, and a terminal not become ours."""
for _flag in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    READ |= getattr(os, _flag, 0)

PATHSEND = "http.response.pathsend"

Piece = bytes | Range
"""A piece of a body: bytes as they are, or a part of the file."""


class Info(Protocol):
    """What is known of a file: part of what `os.stat` tells."""

    @property
    def st_mode(self) -> int:
        """Its kind and permissions."""
        ...

    @property
    def st_size(self) -> int:
        """Its length in bytes."""
        ...

    @property
    def st_mtime_ns(self) -> int:
        """When it was changed, in nanoseconds since 1970."""
        ...


class Content(ABC):
    """A regular file, open for reading until the `with` block ends."""

    __slots__ = ("info", "sidecar", "size")

    def __init__(self, info: Info) -> None:
        self.info = info
        self.size = info.st_size
        self.sidecar: Sidecar | None = None
        """Set when this is the precompressed form of the file that was asked for."""

    @abstractmethod
    def read(self, start: int, length: int) -> bytes:
        """Return bytes of the file; fewer when some of them cannot be had at once."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def send_whole(self, request: Request, send: Send, start: Message) -> None:
        """Send `start` and the whole file."""
        del request
        await self.send_pieces(send, start, [Range(0, self.size)])

    async def send_part(self, request: Request, send: Send, start: Message, part: Range) -> None:
        """Send `start` and a part of the file."""
        del request
        await self.send_pieces(send, start, [part])

    async def send_pieces(self, send: Send, start: Message, pieces: Sequence[Piece]) -> None:
        """Send `start` and these pieces as the body; a small one in one message."""
        await send(start)
        if sum(map(_length, pieces)) <= SMALL:
            await send({"type": "http.response.body", "body": await self._small(pieces)})
            return
        for batch in _batches(pieces):
            body = await in_thread(self._joined, batch)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _small(self, pieces: Sequence[Piece]) -> bytes:
        return await in_thread(self._joined, pieces)

    def _joined(self, pieces: Sequence[Piece]) -> bytes:
        return b"".join([p if isinstance(p, bytes) else self._all(p) for p in pieces])

    def _all(self, part: Range) -> bytes:
        data = self.read(part.start, part.length)
        while len(data) < part.length:
            more = self.read(part.start + len(data), part.length - len(data))
            if not more:
                raise AbortError
            data += more
        return data


class FileContent(Content):
    """A file on disk."""

    __slots__ = ("_fd", "_path")

    def __init__(self, path: str) -> None:
        """Open `path`. Raises `OSError`; for what is no regular file, `IsADirectoryError`."""
        self._path = path
        self._fd = os.open(path, READ)
        super().__init__(os.fstat(self._fd))
        if not stat.S_ISREG(self.info.st_mode):
            self.close()
            raise IsADirectoryError(path)

    def read(self, start: int, length: int) -> bytes:
        """Return bytes of the file."""
        return os.pread(self._fd, length, start)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    async def send_whole(self, request: Request, send: Send, start: Message) -> None:
        """Send `start` and the whole file: what is open, whatever has its name by now."""
        if self.size <= SMALL:
            body = os.pread(self._fd, self.size, 0)
            if len(body) < self.size:
                body = self._all(Range(0, self.size))
            await send(start)
            await send({"type": "http.response.body", "body": body})
        else:
            await self.send_part(request, send, start, Range(0, self.size))

    async def send_part(self, request: Request, send: Send, start: Message, part: Range) -> None:
        """Send `start` and a part of the file."""
        if part.length <= SMALL or PATHSEND not in (request.scope.get("extensions") or ()):
            await self.send_pieces(send, start, [part])
            return
        await send(start)
        file = {"path": self._path, "fd": self._fd, "offset": part.start, "count": part.length}
        await send({"type": PATHSEND, **file})

    async def _small(self, pieces: Sequence[Piece]) -> bytes:
        return self._joined(pieces)


class StreamContent(Content):
    """A file of another file system."""

    __slots__ = ("_file",)

    def __init__(self, file: BinaryIO, info: Info) -> None:
        super().__init__(info)
        self._file = file

    def read(self, start: int, length: int) -> bytes:
        """Return bytes of the file."""
        self._file.seek(start)
        return self._file.read(length)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _length(piece: Piece) -> int:
    return piece.length if isinstance(piece, Range) else len(piece)


def _batches(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield the pieces in lists of at most `CHUNK` bytes, if need be in parts."""
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        for part in _split(piece):
            if size + _length(part) > CHUNK:
                yield batch
                batch, size = [], 0
            batch.append(part)
            size += _length(part)
    yield batch


def _split(piece: Piece) -> Iterator[Piece]:
    if isinstance(piece, bytes):
        yield piece
        return
    for start in range(piece.start, piece.start + piece.length, CHUNK):
        yield Range(start, min(CHUNK, piece.start + piece.length - start))


def multipart(ranges: Sequence[Range], mime: bytes, size: int) -> tuple[bytes, list[Piece]]:
    """Return the content type and the pieces of a `multipart/byteranges` body.

    Source: RFC 9110 section 14.6.
    """
    boundary = secrets.token_hex(30).encode()
    pieces: list[Piece] = []
    for number, part in enumerate(ranges):
        pieces.append(
            b"%b--%b\r\nContent-Range: %b\r\nContent-Type: %b\r\n\r\n"
            % (b"\r\n" if number else b"", boundary, part.content_range(size), mime)
        )
        pieces.append(part)
    pieces.append(b"\r\n--%b--\r\n" % boundary)
    return b"multipart/byteranges; boundary=" + boundary, pieces
