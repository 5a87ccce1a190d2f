"""Rate: how often an authority is asked for a certificate.

It is no copy of the limits that authorities have: it keeps thousands of names from being ordered
at once. Source: certmagic's `RateLimitEvents` and `RateLimitEventsWindow`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

EVENTS = 10
WINDOW = 10.0
"""Seconds in which there are so many events at most."""


class Rate:
    """Lets those pass who come, in their order, so many in a window that slides."""

    def __init__(
        self,
        events: int = EVENTS,
        window: float = WINDOW,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._window = window
        self._passed: deque[float] = deque(maxlen=events)
        self._first = asyncio.Lock()
        """Who has it is the next to pass; who waits for it gets it in the order of coming."""
        self._now = now
        self._sleep = sleep

    async def turn(self) -> None:
        """Wait until it is this one's turn."""
        async with self._first:
            if len(self._passed) == self._passed.maxlen:
                wait = self._passed[0] + self._window - self._now()
                if wait > 0:
                    await self._sleep(wait)
            self._passed.append(self._now())
