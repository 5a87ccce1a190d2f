r"""Backtracking: whether Python searches for a pattern in time that grows with the text alone.

Python tries one way after the other. That takes no longer than the text is when no two
ways can take the same characters: in `^/(\w+)/(\d+)$`, what follows a repeat is none of
what it repeats. In `^(.*)-(.*)-x$` it is, and time grows with the square of the text; with
repeats within repeats it doubles with every character.

What is called harmless here is; some of what is not, would be.
"""

from __future__ import annotations

from typing import NamedTuple

from snake.core.charsets import Ranges

MOST_CHOICES = 8
"""Alternatives and optional parts: each may double the ways, and there is no text in that."""

_FEW = 8
"""A repeat of at most so many is a choice, and no loop."""


def disjoint(one: Ranges, other: Ranges) -> bool:
    """Whether no character is in both."""
    return all(last < begin or end < first for first, last in one for begin, end in other)


class _Group(NamedTuple):
    """What stood open where a group began, and at the end of its alternatives so far."""

    start: tuple[Ranges, ...]
    ends: tuple[Ranges, ...] = ()


class Backtracking:
    """Watches a pattern as it is read from left to right."""

    def __init__(self) -> None:
        self._anchored = False
        self._first: Ranges | None = None
        """What any match begins with."""
        self._began = False
        self._loops: list[Ranges] = []
        self._choices = 0
        self._open: tuple[Ranges, ...] = ()
        """The loops that what comes next follows; it must take none of what they take."""
        self._before: tuple[Ranges, ...] = ()
        """The same, in front of what was read last."""
        self._groups: list[_Group] = []
        self._last: Ranges | None = None
        """What was read last; a group is `None`."""
        self._overlaps = False
        """Whether something may take what a loop in front of it may take."""
        self._nested = False
        """Whether a group is repeated."""

    @property
    def is_harmful(self) -> bool:
        """Whether a text may take longer than its length explains."""
        if self._nested or self._choices > MOST_CHOICES:
            return True
        if not self._loops:
            return False
        if self._anchored:
            return self._overlaps and len(self._loops) > 1
        if len(self._loops) == 1 and self._open:
            return False  # Nothing follows, so nothing fails.
        # Each attempt ends before the next one can begin.
        first = self._first
        return self._overlaps or first is None or not all(disjoint(first, x) for x in self._loops)

    def atom(self, ranges: Ranges) -> None:
        """Take a character or a class."""
        if not self._began and not self._groups:
            self._first = ranges
        self._began = True
        self._follow(ranges)
        self._last = ranges

    def start(self) -> None:
        """Take the start of the text."""
        if not self._began and not self._groups:
            self._anchored = True
        self._began = True

    def end(self, ranges: Ranges) -> None:
        """Take the end of the text, or that of a line, which is in front of these characters."""
        self._began = True
        self._follow(ranges)

    def _follow(self, ranges: Ranges) -> None:
        self._overlaps |= not all(disjoint(ranges, loop) for loop in self._open)
        self._before, self._open = self._open, ()

    def open(self) -> None:
        """Take the beginning of a group."""
        self._groups.append(_Group(self._open))

    def alternative(self) -> None:
        """Take a `|`."""
        self._choices += 1
        if not self._groups:
            # Another match begins here, with anything.
            self._anchored, self._first = False, None
            self._overlaps |= bool(self._loops)
            self._began = True
            self._open = ()
            return
        group = self._groups[-1]
        self._groups[-1] = group._replace(ends=(*group.ends, *self._open))
        self._open = group.start

    def close(self) -> None:
        """Take the end of a group."""
        group = self._groups.pop()
        self._open = (*group.ends, *self._open)
        self._before = group.start
        self._last = None
        self._began = True

    def repeat(self, low: int, high: int | None) -> None:
        """Take how often what was read last may be there; `None` is any number of times."""
        if low == 0:
            self._open = (*self._before, *self._open)
            if len(self._loops) == 0 and self._first is self._last:
                self._first = None
        if high is not None and high <= 1:
            self._choices += 1
        elif self._last is None:
            self._nested = True
        elif high is None or high > _FEW:
            self._loops.append(self._last)
            self._open = (*self._open, self._last)
        else:
            self._choices += high - low
