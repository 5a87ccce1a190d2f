"""Shared: a few numbers that all workers count together, each for itself, and each reads at once.

To read is to add up numbers in memory. A worker that has not come as far as to count is
looked for again after a while.
"""

from __future__ import annotations

from time import monotonic
from typing import Protocol, TypeAlias

from snake.metrics.figures import Figures, Key

_PATIENCE, _LONGEST_PATIENCE = 0.1, 3.0
"""Seconds until workers that do not count yet are looked for again; it doubles each time.

Most of these files are those that wait for a worker that is put beside another.
"""


Numbers: TypeAlias = "list[float] | memoryview[float]"


class Counts(Protocol):
    """Some numbers."""

    own: Numbers
    """What this worker counts."""

    def total(self, index: int) -> float:
        """Return what all count."""
        ...


class Alone:
    """Numbers that this worker alone counts."""

    __slots__ = ("own",)

    def __init__(self, size: int) -> None:
        self.own: Numbers = [0.0] * size

    def total(self, index: int) -> float:
        """Return what this worker counts."""
        return self.own[index]


class Shared:
    """Numbers of the moment: those of a worker that dies count until another takes its place."""

    __slots__ = ("_due", "_figures", "_key", "_missing", "_others", "_patience", "own")

    def __init__(self, figures: Figures, key: Key, size: int) -> None:
        self.own: Numbers = figures.series(key, size, gauges=size)
        self._figures = figures
        self._key = key
        self._others: list[memoryview[float]] = []
        self._missing = figures.others()
        self._due = 0.0
        self._patience = _PATIENCE

    def total(self, index: int) -> float:
        """Return what all workers count."""
        if self._missing and monotonic() >= self._due:
            self._look()
        total = self.own[index]
        for other in self._others:
            total += other[index]
        return total

    def _look(self) -> None:
        missing = []
        for file in self._missing:
            found = self._figures.find(file, self._key)
            if found is None:
                missing.append(file)
            else:
                self._others.append(found)
        self._missing = missing
        self._due = monotonic() + self._patience
        self._patience = min(2 * self._patience, _LONGEST_PATIENCE)
