"""Which lines two texts share, and which only one of them has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence


def diff(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield each line of both after ` `, `-` or `+`, with as many shared ones as there can be.

    Where several ways are equally long it is that of `caddy fmt --diff`: what the
    texts begin and end with is shared, and in between a line goes as soon as it can.
    """
    start, end = _same_edges(old, new)
    yield from ((" ", line) for line in old[:start])
    yield from _changed(old[start : len(old) - end], new[start : len(new) - end])
    yield from ((" ", line) for line in old[len(old) - end :])


def _same_edges(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[int, int]:
    """Return how many lines both begin with, and then end with."""
    start, shorter = 0, min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    # The first line after the start counts as changed, even where it could be the end.
    while end < shorter - start - 1 and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def _changed(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """Walk through the table of how many lines the rests of both share."""
    rows = _rows(old, new)
    left, right = len(old), len(new)
    while left or right:
        row = rows[left]
        if left and _shared(rows[left - 1], right) == _shared(row, right):
            yield "-", old[-left]
            left -= 1
        elif right and row >> (right - 1) & 1:
            yield "+", new[-right]
            right -= 1
        else:
            yield " ", old[-left]
            left -= 1
            right -= 1


def _rows(old: Sequence[bytes], new: Sequence[bytes]) -> list[int]:
    """Return a number for each count of last lines of `old`, none first.

    Its bit `n` is 0 where one more line is shared with the last `n + 1` lines of
    `new` than with the last `n`. A row takes a few steps on long numbers
    (Hyyrö, Bit-Parallel LCS-length Computation Revisited, 2004).
    """
    places: defaultdict[bytes, int] = defaultdict(int)
    for place, line in enumerate(reversed(new)):
        places[line] |= 1 << place
    full = (1 << len(new)) - 1
    rows = [full]
    for line in reversed(old):
        row, same = rows[-1], places.get(line, 0)
        rows.append((row + (row & same) | row & ~same) & full)
    return rows


def _shared(row: int, lines: int) -> int:
    return lines - (row & (1 << lines) - 1).bit_count()
