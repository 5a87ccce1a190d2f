"""Wear: when a process has served or grown enough, and asks for another in its place.

That is `max_requests` and `max_memory`. The process goes on as if nothing were until the supervisor
has another, and then it is told to drain.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable

_SPREAD = 0.1
"""How far from `max_requests`, as a part of it, a process may end, so that not all do at once."""
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_KIBI = 1024


class Wear:
    """The wear of one process. `say` tells the supervisor why it is to be replaced."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._is_told = False
        self._counters: dict[str, Callable[[], None]] = {}
        self._most_memory = 0

    def counter(self, app: str, most: int) -> Callable[[], None]:
        """Return what counts one request to an app that may have about so many of them."""
        if app not in self._counters:
            self._counters[app] = self._counter(most)
        return self._counters[app]

    def limit_memory(self, most: int) -> None:
        """Set how many bytes the process may have; of several limits the least counts."""
        self._most_memory = min(self._most_memory or most, most)

    def ask(self, reason: str) -> None:
        """Ask for another process; once."""
        if not self._is_told:
            self._is_told = True
            self._say(reason)

    def check(self) -> None:
        """Look at the memory."""
        most = self._most_memory
        if most and not self._is_told and (has := resident_memory()) > most:
            self.ask(f"it has {_readable(has)} of memory, max_memory is {_readable(most)}")

    def _counter(self, most: int) -> Callable[[], None]:
        spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - no secret
        limit = max(round(most * spread), 1)
        served = 0

        def count() -> None:
            nonlocal served
            served += 1
            if served >= limit:
                self.ask(f"it has served {served} requests, max_requests is {most}")

        return count


def resident_memory() -> int:
    """Return how many bytes of memory this process has, pages shared with others included (RSS)."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - once a second, in every process
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        import resource  # noqa: PLC0415  (not Linux)

        # The most that it ever had; macOS counts bytes, others KiB.
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * _KIBI


def _readable(size: float) -> str:
    unit = 0
    while size >= _KIBI and unit < len(_UNITS) - 1:
        size, unit = size / _KIBI, unit + 1
    return f"{size:.3g} {_UNITS[unit]}"
