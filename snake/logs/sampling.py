"""Sampling: of many records that say the same, only some are kept."""

from __future__ import annotations

from math import inf

from snake.config.logging import Sampling
from snake.core.units import SECOND

_USUAL = 100


class Sampler:
    """Keeps the first records of each interval, then every so-many-th.

    Records count together when level and message are the same. Source: zap's sampler.
    """

    __slots__ = ("_counts", "_first", "_interval", "_thereafter")

    def __init__(self, config: Sampling) -> None:
        self._interval = (config.interval or SECOND) / SECOND
        self._first: float = config.first or _USUAL
        self._thereafter = config.thereafter or _USUAL
        if self._first < 0:
            self._first = inf
        self._counts: dict[tuple[int, str], tuple[float, int]] = {}

    def takes(self, level: int, message: str, time: float) -> bool:
        """Count a record, and tell whether it is kept; `time` is in seconds."""
        until, count = self._counts.get((level, message), (0.0, 0))
        if until <= time:
            self._forget(time)
            until, count = time + self._interval, 0
        count += 1
        self._counts[level, message] = (until, count)
        beyond = count - self._first
        return beyond <= 0 or (self._thereafter > 0 and beyond % self._thereafter == 0)

    def _forget(self, time: float) -> None:
        """Drop the counts of intervals that are over: messages may be of any number."""
        if len(self._counts) > _MOST:
            self._counts = {key: held for key, held in self._counts.items() if held[0] > time}


_MOST = 1000
"""How many messages are counted before those of the past are dropped."""
