"""Line: one end of a channel on an event loop.

Apart from the channel, because the zygote is forked before anyone has imported asyncio.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket

from snake.fork.channel import (
    HEAD,
    LONGEST_HEARD,
    ChannelError,
    Message,
    decode,
    frame,
    size_of,
)

logger = logging.getLogger("snake")


class Line:
    """One end of a channel on an event loop."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, longest: int
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._longest = longest

    @classmethod
    async def on(cls, sock: socket.socket, longest: int = LONGEST_HEARD) -> Line:
        """Take over a socket; a message longer than `longest` bytes is not heard."""
        return cls(*await asyncio.open_unix_connection(sock=sock), longest)

    async def receive(self) -> Message | None:
        """Wait for a message and return it; `None` when the other end is gone, or talks rubbish."""
        try:
            head = await self._reader.readexactly(HEAD)
            return decode(await self._reader.readexactly(size_of(head, self._longest)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except ChannelError as error:
            logger.error("a process talks rubbish", extra={"fields": {"error": str(error)}})  # noqa: TRY400
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
