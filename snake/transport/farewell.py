"""Farewell: how a tunnel learns that its server wants to stop.

At once when nobody takes over; where another one has, as in a reload, the tunnel may go on for as
long as its handler has asked for (Caddy's `stream_close_delay`), grace period or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Farewell:
    """What is to be called, and when."""

    __slots__ = ("_after", "_callback", "_timer")

    def __init__(self) -> None:
        self._callback: Callable[[], None] | None = None
        self._after = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether anybody wants to know."""
        return self._callback is not None

    @property
    def due(self) -> float:
        """Until when, in the loop's time, the tunnel is left alone; 0 if it is not."""
        return self._timer.when() if self._timer is not None else 0.0

    def set(self, callback: Callable[[], None], after: float) -> None:
        """Call back when the server stops, or so many seconds after another has taken over."""
        self._callback, self._after = callback, after

    def forget(self) -> None:
        """Call nobody."""
        self._callback = None
        self._stop()

    def say(self, patience: float) -> None:
        """Say that the server wants to stop, and leaves a tunnel at most so many seconds."""
        after = min(self._after, patience)
        if after and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(after, self._say)
        elif not after:
            self._say()

    def _say(self) -> None:
        self._stop()
        if self._callback is not None:
            self._callback()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
