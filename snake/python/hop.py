"""Hop: one connection from this worker to a process of a pool, and what goes over it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Protocol

from snake.core.errors import SnakeError
from snake.pool.flow import Flow
from snake.pool.frames import GOAWAY, HEAD, WELCOME, Event, FrameError, Frames, frame

log = logging.getLogger("snake.python")

HIGH_WATER = 262_144
"""Bytes of a response that wait for the client, above which no more are read."""
_EVENT = 64
"""What a frame costs beside its bytes, in bytes."""


class HopError(SnakeError):
    """The process that runs the app broke off, or says what cannot be understood."""


class UnreadError(HopError):
    """The process ended before it had read anything of the request: another may have it."""


class Owner(Protocol):
    """What a connection belongs to: a process of a pool."""

    def welcomed(self) -> None:
        """Hear that the process has taken a connection: it lives."""

    def release(self, connection: HopConnection) -> None:
        """Take a connection back, whose request is over on both sides."""

    def lost(self, connection: HopConnection, *, died: bool) -> None:
        """Forget a connection; `died` is whether the process ended it, which it never does."""


class HopConnection(Flow):
    """One connection to a process of a pool. It carries one request after the other."""

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self._owner = owner
        self._frames = Frames()
        self._events: deque[Event] = deque()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._fault = ""
        self._lost = False
        self._closed = False
        self._reset = False
        self._used = False
        self.is_welcome = False
        """Whether the process has taken it."""
        self.is_leaving = False
        """Whether the process wants no other request on it."""
        self.idle_since = 0.0

    # asyncio.Protocol ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._lost = True
        self._reset = isinstance(exc, ConnectionError)
        self._owner.lost(self, died=not self._closed)
        self.resume_writing()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Take what the process sent."""
        try:
            for event in self._frames.feed(data):
                self._take(event)
        except FrameError as error:
            self._refuse(str(error))
            return
        if not self._used and self.is_leaving:
            self.close()
        if self._size > HIGH_WATER:
            self.pause_reading()
        self._wake()

    # For a request -------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether another request can go over it."""
        return not (self._lost or self._closed or self.is_leaving)

    async def taken(self, patience: float) -> bool:
        """Wait until the process has taken it; tell whether it did in so many seconds."""
        try:
            async with asyncio.timeout(patience):
                while not (self.is_welcome or self._lost or self._closed):
                    self._waiter = asyncio.get_running_loop().create_future()
                    await self._waiter
        except TimeoutError:
            return False
        return self.is_welcome

    def begin(self, head: bytes) -> None:
        """Send the head of a request."""
        self._used = True
        self._transport.write(frame(HEAD, head))

    async def next(self) -> Event:
        """Return the next frame, or part of one. Raises `HopError` when there is none."""
        while not self._events:
            if self._lost or self._closed:
                raise self._error()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._pop()

    def pop(self) -> Event | None:
        """Return what `next` would return, if it is here."""
        return self._pop() if self._events else None

    def _pop(self) -> Event:
        event = self._events.popleft()
        if not self._events:
            self._size = 0
            if self._paused:
                self.resume_reading()
        return event

    def release(self) -> None:
        """Let another request have it; its own is over on both sides."""
        self._used = False
        if self._events:
            self._refuse("it answers more than was asked")
        elif self.is_leaving:
            self.close()
        self._owner.release(self)

    def close(self) -> None:
        """End it: the app hears that the client is gone."""
        if not self._closed:
            self._closed = True
            self._transport.abort()
            self._wake()

    def _take(self, event: Event) -> None:
        kind = event[0]
        if kind == GOAWAY and not self.is_leaving:
            self.is_leaving = True
        elif kind == WELCOME and not self.is_welcome:
            self.is_welcome = True
            self._owner.welcomed()
        elif self._used:
            self._events.append(event)
            self._size += len(event[1]) + _EVENT
        else:
            raise FrameError("it answers what was not asked")

    def _refuse(self, fault: str) -> None:
        """End a connection on which the process says what it may not."""
        self._fault = f"the process that runs the app sent what cannot be understood: {fault}"
        if not self._used:  # or the request tells
            log.error("%s", self._fault)
        self.close()

    def _error(self) -> HopError:
        if self._fault:
            return HopError(self._fault)
        # With all of it unread, the system says so (unix(7), ECONNRESET); it also does when
        # the process was gone before anything was sent.
        kind = UnreadError if self._reset and not self.is_leaving else HopError
        return kind("the process that runs the app ended or broke off")

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
