"""Cpu: has the CPU time of a worker's process be counted, so that it is known when that is gone."""

from __future__ import annotations

from time import process_time


class Cpu:
    """Counts what this process has used, with each beat of its pulse."""

    def __init__(self, numbers: memoryview[float]) -> None:
        self._numbers = numbers
        self._last = 0.0

    def look(self) -> None:
        """Count what was used since the look before."""
        now = process_time()
        self._numbers[0] += now - self._last
        self._last = now
