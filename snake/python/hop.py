"""Hop: the connections from this worker to one process of a pool, and what goes over them."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Any

from snake.core.errors import SnakeError
from snake.pool.frames import GOAWAY, PIECES, Event, FrameError, Frames

HIGH_WATER = 262_144
"""Bytes of a response that wait for the client, above which no more are read."""
IDLE = 2.0
"""Seconds that a connection is kept without a request."""
_CONNECTING = 30.0
"""Seconds that a process has to take a connection: it may be starting again."""


class HopError(SnakeError):
    """The process that runs the app broke off, or says what cannot be understood."""


class HopConnection(asyncio.Protocol):
    """One connection to a process of a pool."""

    def __init__(self, process: PoolProcess) -> None:
        self._process = process
        self._frames = Frames()
        self._events: deque[Event] = deque()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._transport: Any = None
        self._paused = False
        self._fault = ""
        self._lost = False
        self._used = False
        self.leaving = False
        """Whether the process wants no other request on it."""
        self.idle_since = 0.0

    # asyncio.Protocol ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._lost = True
        self._fault = self._fault or (str(exc) if exc else "")
        self._process.lost(self)
        self.resume_writing()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Take what the process sent."""
        try:
            events = self._frames.feed(data)
        except FrameError as error:
            self._fault = str(error)
            self._transport.abort()
            return
        if events and events[-1][0] == GOAWAY:
            events.pop()
            self.leaving = True
        if not events:
            if self.leaving and not self._used:
                self._transport.close()
            return
        if not self._used:
            self._fault = "it answers what was not asked"
            self._transport.abort()
            return
        self._events.extend(events)
        self._size += len(data)
        if self._size > HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def pause_writing(self) -> None:
        """Let whoever writes wait."""
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let whoever writes go on."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    # For the handler -----------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether another request can go over it."""
        return not (self._lost or self.leaving or self._transport.is_closing())

    def begin(self, data: bytes) -> None:
        """Send the first frames of a request."""
        self._used = True
        self._transport.write(data)

    def write(self, data: bytes) -> None:
        """Send."""
        self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the process has taken most of what was sent."""
        if self._room is not None:
            await asyncio.shield(self._room)

    async def next(self) -> Event:
        """Return the next frame, or part of one. Raises `HopError` when there is none."""
        while not self._events:
            if self._lost or self._transport.is_closing():
                raise HopError(self._fault or "the process that runs the app ended or broke off")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        event = self._events.popleft()
        self._size -= len(event[1])
        if not self._events:
            self._size = 0
            if self._paused and not self._transport.is_closing():
                self._paused = False
                self._transport.resume_reading()
        return event

    def has_news(self) -> bool:
        """Whether `next` returns at once."""
        return bool(self._events)

    def release(self) -> None:
        """Let another request have it; its own is over on both sides."""
        self._used = False
        if self._events or not self.is_open:
            self._transport.abort()
        self._process.release(self)

    def close(self) -> None:
        """End it: the app hears that the client is gone."""
        self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class PoolProcess:
    """One process of a pool, by its socket. It belongs to the loop that it is made in."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[HopConnection] = []
        self._loop = asyncio.get_running_loop()
        self._sweeping: asyncio.TimerHandle | None = None
        self.busy = 0
        """Requests that it has from this worker."""

    async def take(self) -> HopConnection:
        """Return a connection for one request. Raises `HopError`."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return await self._connect()

    def release(self, connection: HopConnection) -> None:
        """Take a connection back."""
        if connection.is_open:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
            if self._sweeping is None:
                self._sweeping = self._loop.call_later(IDLE, self._sweep)

    def lost(self, connection: HopConnection) -> None:
        """Forget a connection that is closed."""
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Close the connections that wait."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in list(self._idle):
            connection.close()

    async def _connect(self) -> HopConnection:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)  # noqa: FBT003
        try:
            async with asyncio.timeout(_CONNECTING):
                await self._loop.sock_connect(sock, self._path)
                _, connection = await self._loop.create_connection(
                    lambda: HopConnection(self), sock=sock
                )
        except TimeoutError:
            sock.close()
            raise HopError("no process of the app took the request in time") from None
        except OSError as error:
            sock.close()
            raise HopError(f"no process of the app can be reached: {error.strerror}") from None
        except BaseException:
            sock.close()
            raise
        return connection

    def _sweep(self) -> None:
        """Close what was not used for a while: the oldest are in front."""
        self._sweeping = None
        now = self._loop.time()
        while self._idle and now - self._idle[0].idle_since >= IDLE:
            self._idle.pop(0).close()
        if self._idle:
            wait = IDLE - (now - self._idle[0].idle_since)
            self._sweeping = self._loop.call_later(wait, self._sweep)


def is_piece(event: Event) -> bool:
    """Whether an event is a part of a body."""
    return event[0] in PIECES
