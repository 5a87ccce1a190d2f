"""Line: one end of a channel on an event loop.

Apart from the channel, because the zygote is forked before anyone has imported asyncio.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

from snake.engine.channel import HEAD, AnyMessage, Message, decoder, frame


class Line:
    """One end of a channel on an event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def on(cls, sock: socket.socket) -> Line:
        """Take over a socket."""
        return cls(*await asyncio.open_unix_connection(sock=sock))

    async def receive(self) -> AnyMessage | None:
        """Wait for a message and return it; `None` when the other end is gone."""
        try:
            size = int.from_bytes(await self._reader.readexactly(HEAD), "big")
            return decoder.decode(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def send(self, message: Message) -> None:
        """Send a message of any size; to a process that is gone, nothing happens."""
        self._writer.write(frame(message))

    async def flush(self) -> None:
        """Wait until what was sent is on its way."""
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    def close(self) -> None:
        """Let the other end see the end of the stream."""
        self._writer.close()
