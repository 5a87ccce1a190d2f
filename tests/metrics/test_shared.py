"""Numbers that all workers count, and each reads at once."""

from __future__ import annotations

import os
from time import monotonic

import pytest

from snake.metrics.figures import SEGMENT, Figures, new_file
from snake.metrics.shared import Alone, Shared

KEY = ("upstream", "a:80")


def workers(count: int) -> list[Figures]:
    """Return the figures of so many workers."""
    files = [new_file() for _ in range(count)]
    found = [Figures([os.dup(file) for file in files], index) for index in range(count)]
    for file in files:
        os.close(file)
    return found


def test_each_sees_what_all_count() -> None:
    """The sum is right at once, in every worker."""
    counts = [Shared(figures, KEY, 2) for figures in workers(3)]
    for index, each in enumerate(counts):
        each.own[1] += index + 1

    assert [each.total(1) for each in counts] == [6, 6, 6]
    counts[2].own[1] -= 3
    assert [each.total(1) for each in counts] == [3, 3, 3]
    assert counts[0].total(0) == 0


def test_late_workers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that begins to count after the others have looked is found a while later."""
    one, two = workers(2)
    first = Shared(one, KEY, 1)
    assert first.total(0) == 0

    Shared(two, KEY, 1).own[0] = 5
    later = monotonic() + 1
    monkeypatch.setattr("snake.metrics.shared.monotonic", lambda: later)
    assert first.total(0) == 5


def test_the_place_in_a_file_does_not_matter() -> None:
    """Workers may count other things before, however many."""
    one, two = workers(2)
    for number in range(SEGMENT // 30):
        two.series((str(number),), 1)
    first, second = Shared(one, KEY, 1), Shared(two, KEY, 1)
    second.own[0] += 2

    assert first.total(0) == 2


def test_what_a_dead_worker_counted_ends_with_its_successor() -> None:
    """Requests of a worker that was killed are under way no more."""
    files = [new_file() for _ in range(2)]
    one, two = (Figures([os.dup(file) for file in files], index) for index in range(2))
    first, second = Shared(one, KEY, 2), Shared(two, KEY, 2)
    second.own[0] = 7
    assert first.total(0) == 7

    successor = Shared(Figures([os.dup(file) for file in files], 1), KEY, 2)
    assert first.total(0) == 0
    successor.own[0] += 1
    assert first.total(0) == 1
    for file in files:
        os.close(file)


def test_alone() -> None:
    """Where there are no others, a worker counts for itself."""
    counts = Alone(2)
    counts.own[1] += 1

    assert (counts.total(0), counts.total(1)) == (0, 1)
