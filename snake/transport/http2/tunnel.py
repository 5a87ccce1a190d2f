"""StreamTunnel: a stream of HTTP/2 that carries bytes both ways, after an extended CONNECT.

(RFC 9113 §8.5, RFC 8441.) It is to a handler what a connection after `101 Switching Protocols` is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from snake.transport.asgi import ClientDisconnectedError
from snake.transport.farewell import Farewell
from snake.transport.fields import Field
from snake.transport.http2.stream import Stream
from snake.transport.running import DONE, NEW, STREAMING

if TYPE_CHECKING:
    from snake.transport.http2.requests import Requests


class StreamTunnel(Stream):
    """An `asgi.ClientDuplex`."""

    __slots__ = ("_turn_to_write", "farewell", "is_taken_over")

    def __init__(self, connection: Requests) -> None:
        super().__init__(connection)
        self.is_taken_over = False
        """Whether a handler has it, which says itself when it is over."""
        self.farewell = Farewell()
        self._turn_to_write = asyncio.Lock()

    def respond(self, status: int, fields: list[Field], *, ends: bool = False) -> None:
        """Send the head of the response. Raises `ClientDisconnectedError`."""
        if self.gone:
            raise ClientDisconnectedError("the client is gone")
        self.status, self._fields, self._left, self._flags = status, fields, -1, 0
        self._write_head(fields, ends=ends)

    @property
    def is_begun(self) -> bool:
        """Whether the head is out."""
        return self.state != NEW

    async def read(self) -> bytes:
        """Return what came, and `b""` when the client has closed its side."""
        while not (self._pieces or self.complete or self.gone):
            await self._wait()
        return self._take()["body"] if self._pieces else b""

    async def write(self, data: bytes) -> None:
        """Send, and wait while too much is on its way. Raises `OSError` when it cannot."""
        async with self._turn_to_write:
            if self.gone or self.state != STREAMING:
                raise ClientDisconnectedError("the stream of the tunnel is closed")
            self._put(data, end=False)
            await self._give_way()

    def end(self) -> None:
        """Close this side only: nothing more is sent."""
        if self.gone or self.state != STREAMING:
            return
        if self._rest is None:
            self._put(b"", end=True)
        else:
            self._end = True

    def close(self) -> None:
        """Close when all that was written is out. May be repeated."""
        self.farewell.forget()
        if self.state == NEW:
            self._abort()
        else:
            self.end()

    def when_drained(self, callback: Callable[[], None], after: float = 0.0) -> None:
        """Call back when the server wants to stop, or `after` seconds after another took over."""
        self.farewell.set(callback, after)

    def drain(self, patience: float) -> None:
        """Say that the server wants to stop, and leaves the tunnel at most so many seconds."""
        self.farewell.say(patience)

    def is_late(self, now: float, tick: float) -> bool:
        """Whether the client takes nothing of what it is sent. It may be silent for ever."""
        return self.takes_too_slowly(now, tick)

    async def goodbye(self) -> None:
        """Wait until the client has closed its side."""
        with suppress(OSError):
            while not self.gone and self.state != DONE and await self.read():
                pass
