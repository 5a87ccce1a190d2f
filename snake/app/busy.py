"""Busy: how much of the time in which this process may run Python it does."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

SMOOTHING = 0.5
"""How much of what was measured before counts in the share of the CPU."""


class Busy:
    """Measures from one call to the next. It belongs to one thread, the loop's.

    CPU time over time is not enough: on a machine with more to do than CPUs, a
    process that computes without a pause gets half of the time and seems idle in
    the other half. Linux tells how long a thread has waited for a CPU, so what
    is measured is CPU time over the time that a CPU was there to be had.
    """

    def __init__(self) -> None:
        self._capacity = _capacity()
        self._delays = _open_delays()
        self._ran = self._waited = 0.0
        self._last_ran, self._last_waited = self._delay()
        self._then, self._cpu = time.perf_counter(), time.process_time()

    def restart(self) -> None:
        """Measure from now."""
        self._last_ran, self._last_waited = self._delay()
        self._then, self._cpu = time.perf_counter(), time.process_time()

    def measure(self) -> float:
        """Return the busy part of the time since the last call, 1.0 for all of it."""
        then, cpu = self._then, self._cpu
        ran, waited = self._last_ran, self._last_waited
        self.restart()
        self._ran = self._ran * SMOOTHING + self._last_ran - ran
        self._waited = self._waited * SMOOTHING + self._last_waited - waited
        runnable = self._ran + self._waited
        share = self._ran / runnable if self._ran and runnable else 1.0
        return (self._cpu - cpu) / ((self._then - then or 1e-9) * share * self._capacity)

    def close(self) -> None:
        """Close what is open."""
        if self._delays is not None:
            os.close(self._delays)
            self._delays = None

    def _delay(self) -> tuple[int, int]:
        """Return how long this thread has run, and waited for a CPU, in nanoseconds."""
        if self._delays is None:
            return 0, 0
        ran, waited, *_ = os.pread(self._delays, 64, 0).split()
        return int(ran), int(waited)


def _open_delays() -> int | None:
    """Open the kernel's account of this thread: `Documentation/scheduler/sched-stats.rst`."""
    try:
        return os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        return None


def _capacity() -> float:
    """Return how many seconds of Python this process can run in one second."""
    has_lock: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
    return 1.0 if has_lock() else float(os.cpu_count() or 1)
