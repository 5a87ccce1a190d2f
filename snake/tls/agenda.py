"""Agenda: names, and when something is to be done about each.

Moments are of the clock of the wall, which may jump. So nobody rests for longer than an interval;
and a clock that was set back is told of, since what was put off by it would wait too long.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator
from contextlib import suppress

_JUMP = 60.0
"""Seconds by which a clock goes back that was set, and did not only drift."""


class Agenda:
    """Which name is next. One that is put in again has the later word."""

    def __init__(self, interval: float, now: Callable[[], float]) -> None:
        self._interval = interval
        self._now = now
        self._last = now()
        self._queue: list[tuple[float, int, str]] = []
        self._latest: dict[str, int] = {}
        self._count = 0
        self._news = asyncio.Event()

    def put(self, name: str, at: float) -> None:
        """Have something done about a name at a moment, in seconds since the epoch."""
        self._count += 1
        self._latest[name] = self._count
        heapq.heappush(self._queue, (at, self._count, name))
        self._news.set()

    def due(self) -> Iterator[str]:
        """Take out the names about which something is to be done now, in their order."""
        now = self._now()
        while self._queue and self._queue[0][0] <= now:
            _, count, name = heapq.heappop(self._queue)
            if self._latest.get(name) == count:
                del self._latest[name]
                yield name

    def was_set_back(self) -> bool:
        """Return whether the clock was set back since this was last asked."""
        last, self._last = self._last, self._now()
        return self._last < last - _JUMP

    def wake(self) -> None:
        """Have nobody rest any longer."""
        self._news.set()

    async def rest(self) -> None:
        """Wait until something is due, something is put in, or an interval has passed."""
        next_at = self._queue[0][0] if self._queue else self._now() + self._interval
        wait = min(max(next_at - self._now(), 0.0), self._interval)
        # Not `wait_for`: in Python 3.11 it may lose the word to end.
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._news.wait()
        self._news.clear()
