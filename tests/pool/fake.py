"""A process of a pool that says what a test wants: it listens on the pool's socket.

::

    async with FakeProcess(b"rubbish") as fake, serving(fake.handler) as url:
        ...
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from snake.pool.frames import WELCOME, frame
from snake.python.pool_process import PoolProcess
from snake.python.pooled import PooledHandler

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Talk = Callable[[Reader, Writer], Awaitable[None]]


class FakeProcess:
    """Welcomes each connection, and then talks on it. `handler` is that of a worker for it."""

    def __init__(self, talk: bytes | Talk, *, name: str = "test:app") -> None:
        """`talk` is what is said to each request, or who talks after the first request."""
        self._talk = saying(talk) if isinstance(talk, bytes) else talk
        self._folder = tempfile.TemporaryDirectory()
        self._path = str(Path(self._folder.name) / "0.sock")
        self._name = name
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = 0
        """Connections that were taken so far."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._take, self._path)
        self.process = PoolProcess(self._path)
        self.handler = PooledHandler(self._name, [self.process])
        return self

    async def __aexit__(self, *_: object) -> None:
        self.process.close()
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)
        self._folder.cleanup()

    async def _take(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        self._writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(frame(WELCOME))
            await read_frame(reader)
            await self._talk(reader, writer)
        writer.close()


def saying(data: bytes) -> Talk:
    """Return who says the same to every request."""

    async def talk(reader: Reader, writer: Writer) -> None:
        while True:
            writer.write(data)
            await writer.drain()
            await read_frame(reader)

    return talk


async def read_frame(reader: Reader) -> tuple[int, bytes]:
    """Return a frame of the worker: kind and bytes."""
    kind = (await reader.readexactly(1))[0]
    size = int.from_bytes(await reader.readexactly(4), "big")
    return kind, await reader.readexactly(size)
