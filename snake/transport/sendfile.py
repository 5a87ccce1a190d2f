"""Files as responses, by the kernel where it can: ASGI's `http.response.pathsend`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snake.transport.flow import Flow

_SMALL = 65_536
"""Bytes up to which a file is read and written as any body is."""
_MOST_AT_ONCE = 1_048_576
"""Bytes that are handed to the kernel before other connections get their turn."""

_PIECE = 131_072
"""Bytes that are read and encrypted at once."""


class FileResponse:
    """An open file, and the way of its bytes to a client."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size

    async def send(self, connection: Flow, size: int, offset: int) -> None:
        """Send `size` bytes from `offset` on.

        Raises `OSError` when the file ends early, as one does that is truncated meanwhile, or
        when the client is gone.
        """
        if size <= _SMALL:
            data = os.pread(self._fd, size, offset)
            connection.write(data)
            if len(data) < size:
                raise OSError("the file became shorter while it was sent")
            return
        if connection.transport.get_extra_info("ssl_object") is not None:
            await self._read_and_write(connection, offset, offset + size)
            return
        await connection.flush()
        # A second descriptor, because the loop lets nobody else wait for the first one.
        out = os.dup(connection.transport.get_extra_info("socket").fileno())
        try:
            await self._hand_over(connection, out, offset, offset + size)
        finally:
            os.close(out)

    def pieces(self, offset: int, size: int) -> Iterator[bytes]:
        """Read `size` bytes from `offset` on, that cannot be left to the kernel.

        Raises `OSError` when the file ends early.
        """
        end = offset + size
        while offset < end:
            data = os.pread(self._fd, min(end - offset, _PIECE), offset)
            if not data:
                raise OSError("the file became shorter while it was sent")
            offset += len(data)
            yield data

    async def _read_and_write(self, connection: Flow, offset: int, end: int) -> None:
        """Send what has to be encrypted."""
        for data in self.pieces(offset, end - offset):
            connection.write(data)
            await connection.drained()
            if connection.gone:
                raise ConnectionResetError("the client is gone")
            await asyncio.sleep(0)

    async def _hand_over(self, connection: Flow, out: int, offset: int, end: int) -> None:
        while offset < end:
            if connection.gone:
                raise ConnectionResetError("the client is gone")
            try:
                count = os.sendfile(out, self._fd, offset, min(end - offset, _MOST_AT_ONCE))
            except BlockingIOError:
                await connection.writable(out)
                continue
            if count == 0:
                raise OSError("the file became shorter while it was sent")
            offset += count
            connection.sent += count
            await asyncio.sleep(0)


@contextmanager
def send_file(path: str, fd: int | None) -> Iterator[FileResponse]:
    """Give a file to be sent: the one that is open as `fd`, or else what has this path now."""
    if fd is not None:
        yield FileResponse(fd)
        return
    with open(path, "rb") as file:  # noqa: PTH123
        yield FileResponse(file.fileno())
