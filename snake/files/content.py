"""Content: an open file, and the ways to send it or parts of it.

A small file is read at once and goes out in one message with its headers. A big
one goes to the transport by its path where that can send files itself, and else
in chunks that a thread reads. A file that shrinks while it is sent ends the
connection: its length was promised.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from snake.core.folder import START
from snake.core.thread import in_thread
from snake.files.ranges import Range
from snake.http.errors import AbortError
from snake.http.handler import Message, Send
from snake.http.request import Request

SMALL = 65_536
"""Bytes up to which a file is read at once; from the page cache that takes microseconds."""

CHUNK = 262_144
"""Bytes that a thread reads at a time."""

PATHSEND = "http.response.pathsend"

Piece = bytes | Range
"""A piece of a body: bytes as they are, or a part of the file."""


class Content:
    """A regular file, open for reading until the `with` block ends."""

    __slots__ = ("_fd", "info", "path")

    def __init__(self, path: str) -> None:
        """Open `path`. Raises `OSError`; for what is no regular file, `IsADirectoryError`.

        A FIFO that takes its place meanwhile does not block.
        """
        self.path = START.path(path)
        self._fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        self.info = os.fstat(self._fd)
        if not stat.S_ISREG(self.info.st_mode):
            os.close(self._fd)
            raise IsADirectoryError(path)

    @property
    def size(self) -> int:
        """The length of the file in bytes."""
        return self.info.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)

    async def send_whole(self, request: Request, send: Send, start: Message) -> None:
        """Send `start` and the whole file."""
        if self.size > SMALL and PATHSEND in (request.scope.get("extensions") or ()):
            await send(start)
            await send({"type": PATHSEND, "path": self.path})
        else:
            await self.send_pieces(send, start, [Range(0, self.size)])

    async def send_pieces(self, send: Send, start: Message, pieces: Sequence[Piece]) -> None:
        """Send `start` and these pieces as the body; a small one in one message."""
        lengths = [piece.length if isinstance(piece, Range) else len(piece) for piece in pieces]
        await send(start)
        if sum(lengths) <= SMALL:
            parts = [p if isinstance(p, bytes) else self._read(p) for p in pieces]
            await send({"type": "http.response.body", "body": b"".join(parts)})
            return
        for piece in pieces:
            for part in _split(piece):
                body = part
                if isinstance(part, Range):
                    body = await in_thread(self._read, part)
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _read(self, part: Range) -> bytes:
        data = os.pread(self._fd, part.length, part.start)
        while len(data) < part.length:
            more = os.pread(self._fd, part.length - len(data), part.start + len(data))
            if not more:
                raise AbortError
            data += more
        return data


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
