"""Telling a process that computes from one that waits."""

from __future__ import annotations

import time

from snake.app.busy import Busy


def compute(seconds: float) -> None:
    """Compute for so much CPU time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_computing_is_busy() -> None:
    """A process that computes is busy, however many others want the CPU."""
    busy = Busy()
    compute(0.1)

    assert busy.measure() > 0.7
    busy.close()


def test_sleeping_is_not_busy() -> None:
    """A process that sleeps is not busy; what it did before the last call does not count."""
    busy = Busy()
    compute(0.05)
    busy.restart()
    time.sleep(0.1)

    assert busy.measure() < 0.3
    busy.close()


def test_closed_meter_still_tells_the_cpu_time() -> None:
    """Without the kernel's account of waiting there is the plain part of the time."""
    busy = Busy()
    busy.close()
    time.sleep(0.05)

    assert busy.measure() < 0.5
