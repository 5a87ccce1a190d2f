"""Lag: how much later than due an event loop comes to what it has to do."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from snake.app.pulse import BEAT
from snake.metrics.apps import LOOP_LAG


class Lag:
    """Counts the lag of one loop, with each beat of its pulse."""

    def __init__(self, numbers: memoryview[float]) -> None:
        self._numbers = numbers
        self._last = monotonic()

    def look(self) -> None:
        """Count how late this beat is."""
        now = monotonic()
        LOOP_LAG.observe(self._numbers, max(now - self._last - BEAT, 0.0))
        self._last = now


def each_of(*them: Callable[[], None]) -> Callable[[], None]:
    """Return what calls each of them."""

    def call() -> None:
        for one in them:
            one()

    return call
