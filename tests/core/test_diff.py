"""Differences between lines."""

from __future__ import annotations

import random
import time

import pytest

from snake.core.diff import diff


def told(old: str, new: str) -> str:
    """Return a difference as words, one letter a line."""
    lines = diff([char.encode() for char in old], [char.encode() for char in new])
    return " ".join(f"{sign}{line.decode()}".strip() for sign, line in lines)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", ""),
        ("a", "a", "a"),
        ("a", "b", "-a +b"),
        ("", "ab", "+a +b"),
        ("ab", "", "-a -b"),
        ("abc", "axc", "a -b +x c"),
        ("abcd", "acbd", "a -b c +b d"),
        ("aa", "a", "a -a"),
        ("a", "aa", "a +a"),
        ("aba", "a", "a -b -a"),
        ("xaby", "aybx", "-x a -b y +b +x"),
    ],
)
def test_difference(old: str, new: str, expected: str) -> None:
    """What is shared stands alone, what was there first, what is new after it."""
    assert told(old, new) == expected


def test_as_many_lines_are_shared_as_there_can_be() -> None:
    """The lines of both can be read from it, and the shared ones are the most possible."""
    rng = random.Random(3)
    for _ in range(200):
        old, new = ("".join(rng.choices("abc", k=rng.randrange(12))) for _ in range(2))
        lines = list(diff([char.encode() for char in old], [char.encode() for char in new]))

        assert b"".join(line for sign, line in lines if sign != "+").decode() == old
        assert b"".join(line for sign, line in lines if sign != "-").decode() == new
        assert sum(sign == " " for sign, _ in lines) == _shared(old, new)


def _shared(old: str, new: str) -> int:
    row = [0] * (len(new) + 1)
    for left in old:
        before = row[:]
        for n, right in enumerate(new, 1):
            row[n] = before[n - 1] + 1 if left == right else max(before[n], row[n - 1])
    return row[-1]


def test_thousands_of_lines_are_told_at_once() -> None:
    """Two texts of 5,000 lines, all of them changed, take less than a second or two."""
    old = [b"\t%d" % (number % 900) for number in range(5000)]
    new = [b"%d" % (number % 900) for number in range(5000)]

    begin = time.process_time()
    lines = list(diff(old, new))

    assert len(lines) == 10_000
    assert time.process_time() - begin < 3
