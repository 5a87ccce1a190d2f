"""Figures in files that several processes share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from snake.metrics.figures import MOST_SEGMENTS, SEGMENT, Figures, new_file


def shared(count: int) -> list[Figures]:
    """Return the figures of so many workers, each with descriptors of its own."""
    files = [new_file() for _ in range(count)]
    found = [Figures([os.dup(file) for file in files], index) for index in range(count)]
    for file in files:
        os.close(file)
    return found


def test_all_are_added_up() -> None:
    """Each worker counts for itself; any of them tells the sum."""
    one, two = shared(2)
    one.series(("a", None), 3)[1] += 5
    two.series(("a", None), 3)[1] += 2
    two.series(("b", "x"), 1)[0] += 0.5

    for worker in (one, two):
        assert worker.total() == {("a", None): [0, 7, 0], ("b", "x"): [0.5]}
    assert one.processes() == [os.getpid()]


def test_successor_goes_on() -> None:
    """A worker in the place of another counts on; what is only of the moment begins at 0."""
    files = [new_file()]
    first = Figures([os.dup(files[0])])
    numbers = first.series(("a",), 2, gauges=1)
    numbers[0], numbers[1] = 3, 10
    second = Figures([os.dup(files[0])])
    second.series(("a",), 2, gauges=1)[1] += 1

    assert second.total() == {("a",): [0, 11]}
    os.close(files[0])


def test_killed_worker_has_counted() -> None:
    """What a process has counted is there however it ends."""
    files = [new_file(), new_file()]
    ours = Figures([os.dup(file) for file in files], 0)
    ready, told = os.pipe()
    if (pid := os.fork()) == 0:
        theirs = Figures(files, 1)
        theirs.series(("a",), 1)[0] += 7
        os.write(told, b".")
        signal.pause()
    os.read(ready, 1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

    assert ours.total() == {("a",): [7]}
    for end in (*files, ready, told):
        os.close(end)


def test_many_series() -> None:
    """A file grows by segments, and what was counted stays."""
    (only,) = shared(1)
    kept = only.series(("first",), 1)
    for number in range(1000):
        only.series(("series", str(number)), 40)[39] = number
    kept[0] += 1
    totals = only.total()

    assert totals["first",] == [1]
    assert all(totals["series", str(number)][39] == number for number in range(1000))
    assert len(totals) == 1001


def test_it_does_not_grow_for_ever() -> None:
    """What does not fit any more is counted for nobody, and does no harm."""
    (only,) = shared(1)
    for number in range(MOST_SEGMENTS * 2):
        only.series(("large", str(number)), SEGMENT // 8 - 100)[0] = 1

    assert len(only.total()) == MOST_SEGMENTS


def test_files_have_no_name() -> None:
    """Nothing of them is left behind anywhere."""
    file = new_file()
    path = Path(f"/proc/self/fd/{file}").readlink()

    assert not path.exists()
    os.close(file)
