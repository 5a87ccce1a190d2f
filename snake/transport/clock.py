"""Clock: one coarse tick for all connections of a listener, and the date they send.

A timer for each request would cost more than the request. So a connection only notes when
something last happened, by a clock that moves once a tick, and is asked at each tick whether it
has waited too long. What it noted may be a tick too early, so it is asked as of one tick ago: a
timeout is late by up to two ticks, never early.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate

from snake.transport.settings import Settings

_LONGEST_TICK = 1.0
_SHORTEST_TICK = 0.01
_TICKS_A_TIMEOUT = 4


class Clock:
    """Ticks while it is running; it is to run only while there are connections."""

    __slots__ = ("_check", "_handle", "_loop", "_second", "_server_line", "date", "now", "stamp",
                 "tick")  # fmt: skip

    def __init__(
        self, loop: asyncio.AbstractEventLoop, settings: Settings, check: Callable[[float], None]
    ) -> None:
        self._loop = loop
        self._check = check
        self._handle: asyncio.TimerHandle | None = None
        self._second = 0
        self._server_line = server_line(settings)
        self.tick = _tick(settings)
        """Seconds between two ticks."""
        self.now = loop.time()
        """The loop's time at the last tick."""
        self.date = b""
        """The line of the Date field."""
        self.stamp = b""
        """The last lines of a head: Date, Server, and the empty line."""
        self._write_date()

    def start(self) -> None:
        """Tick until `stop`."""
        if self._handle is None:
            self._set()
            self._handle = self._loop.call_later(self.tick, self._move)

    def quicken(self, timeout: float) -> None:
        """Tick often enough for this timeout from the next tick on."""
        self.tick = min(self.tick, max(_SHORTEST_TICK, timeout / _TICKS_A_TIMEOUT))

    def stop(self) -> None:
        """Tick no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def stamp_without(self, *, dated: bool, named: bool) -> bytes:
        """Return the last lines of a head without the fields that it has already."""
        return (b"" if dated else self.date) + (b"" if named else self._server_line) + b"\r\n"

    def _move(self) -> None:
        self._set()
        self._handle = self._loop.call_later(self.tick, self._move)
        self._check(self.now - self.tick)

    def _set(self) -> None:
        self.now = self._loop.time()
        self._write_date()

    def _write_date(self) -> None:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self.date = b"Date: " + formatdate(second, usegmt=True).encode() + b"\r\n"
            self.stamp = self.date + self._server_line + b"\r\n"


def server_line(settings: Settings) -> bytes:
    """Return the line of the Server field, or nothing if it has no value."""
    return b"Server: " + settings.server_header + b"\r\n" if settings.server_header else b""


def _tick(settings: Settings) -> float:
    """Choose a tick that is short beside every timeout."""
    timeouts = (
        settings.read_header_timeout,
        settings.read_timeout,
        settings.read_idle_timeout,
        settings.write_timeout,
        settings.write_idle_timeout,
        settings.idle_timeout,
    )
    shortest = min((timeout for timeout in timeouts if timeout), default=_LONGEST_TICK)
    return max(_SHORTEST_TICK, min(_LONGEST_TICK, shortest / _TICKS_A_TIMEOUT))
