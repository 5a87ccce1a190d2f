"""Histogram: how many values fell into which bucket, as a part of a series."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from snake.metrics.shared import Numbers


class Histogram:
    """Where one histogram is among the numbers of a series."""

    __slots__ = ("bounds", "end", "help", "name", "start")

    def __init__(self, name: str, help: str, bounds: Sequence[float], start: int) -> None:  # noqa: A002
        self.name = name
        self.help = help
        self.bounds = bounds
        self.start = start
        self.end = start + len(bounds) + 2
        """Where the next begins: one number for each bucket, one for the rest, and the sum."""

    def observe(self, numbers: Numbers, value: float) -> None:
        """Count a value."""
        numbers[self.start + bisect_left(self.bounds, value)] += 1
        numbers[self.end - 1] += value
