"""Backoff: how long to wait before a worker that died is started again."""

from __future__ import annotations

FIRST = 0.1
LONGEST = 10.0
STEADY = 10.0
"""Seconds after which a worker counts as healthy, and its past is forgotten."""


class Backoff:
    """Nothing the first time, then 0.1 s, doubled each time, up to 10 s."""

    def __init__(self) -> None:
        self._failures = 0

    def delay(self, lived: float) -> float:
        """Return the seconds to wait for a worker that ran for `lived` seconds."""
        if lived >= STEADY:
            self._failures = 0
        self._failures += 1
        if self._failures == 1:
            return 0.0
        return min(FIRST * 2.0 ** min(self._failures - 2, 10), LONGEST)
