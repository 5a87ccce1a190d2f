"""Tunnel: a connection after `101 Switching Protocols`: bytes both ways, whatever they mean."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from snake.transport.farewell import Farewell

_HIGH_WATER = 65_536
"""Bytes that wait, in either direction, before the side they come from has to wait."""


class Tunnel(asyncio.Protocol):
    """Takes a connection over from what was spoken on it before."""

    __slots__ = ("_drained", "_ended", "_failure", "_gone", "_high_water", "_loop", "_news",
                 "_on_lost", "_pieces", "_reading", "_size", "_write_paused",
                 "farewell", "transport")  # fmt: skip

    def __init__(
        self,
        transport: asyncio.Transport,
        early: bytes,
        on_lost: Callable[[Exception | None], None],
    ) -> None:
        """Go on with `transport`; `early` is what came of the new protocol already."""
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self.farewell = Farewell()
        self._pieces = [early] if early else []
        self._size = len(early)
        self._ended = False
        self._gone = transport.is_closing()
        self._failure: Exception | None = None
        self._high_water = _HIGH_WATER
        self._news: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._write_paused = False
        self._reading = True
        self.transport = transport
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        transport.resume_reading()

    # What the loop calls ------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > self._high_water and self._reading:
            self._reading = False
            self.transport.pause_reading()
        _wake(self._news)

    def eof_received(self) -> bool:
        """Take the end of what the other side sends; it may still read."""
        self._ended = True
        _wake(self._news)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Let nobody wait for a connection that is gone."""
        self._gone = self._ended = True
        self._failure = exc
        self.farewell.forget()
        _wake(self._news)
        self.resume_writing()
        self._on_lost(exc)

    def pause_writing(self) -> None:
        """Let `write` wait."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Let `write` go on."""
        self._write_paused = False
        _wake(self._drained)

    # What the handler calls ------------------------------------------------------------

    async def read(self) -> bytes:
        """Return what came, and `b""` when the other side has closed its own."""
        while not self._pieces:
            if self._ended:
                return b""
            self._news = self._loop.create_future()
            await self._news
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if not self._reading and not self._gone:
            self._reading = True
            self.transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """Send, and wait while too much is on its way. Raises `OSError` when it cannot."""
        if not self._gone:
            self.transport.write(data)
            while self._write_paused and not self._gone:
                self._drained = self._loop.create_future()
                await self._drained
        if self._gone:
            raise ConnectionResetError("the connection of the tunnel is closed")

    def end(self) -> None:
        """Close this side only: nothing more is sent. Where that cannot be, close both."""
        if self._gone:
            return
        if self.transport.can_write_eof():
            with suppress(OSError):
                self.transport.write_eof()
        else:
            self.transport.close()

    def close(self) -> None:
        """Close when all that was written is out. May be repeated."""
        self._gone = True
        self.transport.close()

    # What the server calls ----------------------------------------------------------------

    def when_drained(self, callback: Callable[[], None], after: float = 0.0) -> None:
        """Call back when the server wants to stop, or `after` seconds after another took over."""
        self.farewell.set(callback, after)

    def drain(self, patience: float) -> None:
        """Say that the server wants to stop, and leaves the tunnel at most so many seconds."""
        if self.farewell.is_set:
            self.farewell.say(patience)
        else:
            self.close()

    def is_reading(self) -> bool:
        """Whether the socket is read, so that its end would be seen."""
        return self._reading


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
