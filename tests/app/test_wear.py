"""Wear: a process asks for another once, when it has served or grown enough."""

from __future__ import annotations

import mmap

from snake.app.wear import Wear, resident_memory


def test_a_process_asks_once_when_it_has_served_about_so_many_requests() -> None:
    """The number is 10 % more or less, so that processes that began together end apart."""
    ends = set()
    for _ in range(50):
        said: list[str] = []
        count, served = Wear(said.append).counter("main:app", 1000), 0
        while not said:
            count()
            served += 1
        count()
        assert said == [f"it has served {served} requests, max_requests is 1000"]
        ends.add(served)
    assert min(ends) >= 900
    assert max(ends) <= 1100
    assert len(ends) > 5


def test_loops_of_one_process_count_together() -> None:
    """Whoever asks for the counter of an app gets that of the process."""
    said: list[str] = []
    wear = Wear(said.append)
    counters = [wear.counter("main:app", 10) for _ in range(3)]
    for _ in range(4):
        for count in counters:
            count()
    assert len(said) == 1


def test_a_process_asks_when_it_has_more_memory_than_it_may() -> None:
    """What counts is what is in memory now, and the least of several limits."""
    said: list[str] = []
    wear = Wear(said.append)
    before = resident_memory()
    wear.limit_memory(before + 300_000_000)
    wear.limit_memory(before + 40_000_000)
    wear.check()
    assert not said
    with mmap.mmap(-1, 80_000_000) as memory:
        memory.write(b"x" * 80_000_000)
        wear.check()
        wear.check()
    assert len(said) == 1
    assert "of memory, max_memory is" in said[0]
    assert resident_memory() < before + 60_000_000
