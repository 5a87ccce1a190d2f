"""Go's stable sort, step by step.

The rules by which Caddy orders routes are no total order: three routes can each
come before the next, in a circle. What comes out then depends on which pairs
the sort compares, so this compares the same ones.
Source: Go's `sort.SliceStable` (insertion sort in blocks of 20, then SymMerge).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

_BLOCK = 20


def stable_sorted(items: Sequence[T], less: Callable[[T, T], bool]) -> list[T]:
    """Return the items in order; `less` says whether its first argument comes first."""
    return _Sort(items, less).run()


class _Sort(Generic[T]):
    def __init__(self, items: Sequence[T], less: Callable[[T, T], bool]) -> None:
        self._items = list(items)
        self._less = less

    def run(self) -> list[T]:
        count = len(self._items)
        for start in range(0, count, _BLOCK):
            self._insertion_sort(start, min(start + _BLOCK, count))
        size = _BLOCK
        while size < count:
            for start in range(0, count - size, 2 * size):
                self._merge(start, start + size, min(start + 2 * size, count))
            size *= 2
        return self._items

    def _before(self, i: int, j: int) -> bool:
        return self._less(self._items[i], self._items[j])

    def _insertion_sort(self, a: int, b: int) -> None:
        items = self._items
        for i in range(a + 1, b):
            j = i
            while j > a and self._before(j, j - 1):
                items[j - 1], items[j] = items[j], items[j - 1]
                j -= 1

    def _first(self, low: int, high: int, found: Callable[[int], bool]) -> int:
        """Return the first index in the range for which `found`, by halving it."""
        while low < high:
            middle = (low + high) // 2
            if found(middle):
                high = middle
            else:
                low = middle + 1
        return low

    def _rotate(self, a: int, m: int, b: int) -> None:
        self._items[a:b] = self._items[m:b] + self._items[a:m]

    def _merge(self, a: int, m: int, b: int) -> None:
        """Merge the sorted ranges [a, m) and [m, b)."""
        if m - a == 1:
            i = self._first(m, b, lambda h: not self._before(h, a))
            self._rotate(a, m, i)
        elif b - m == 1:
            i = self._first(a, m, lambda h: self._before(m, h))
            self._rotate(i, m, b)
        else:
            self._merge_halves(a, m, b)

    def _merge_halves(self, a: int, m: int, b: int) -> None:
        middle = (a + b) // 2
        n = middle + m
        low, high = (n - b, middle) if m > middle else (a, m)
        start = self._first(low, high, lambda c: self._before(n - 1 - c, c))
        end = n - start
        if start < m < end:
            self._rotate(start, m, end)
        if a < start < middle:
            self._merge(a, start, middle)
        if middle < end < b:
            self._merge(middle, end, b)
