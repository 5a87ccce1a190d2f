"""Limits: what keeps one template from taking a worker's time or memory for itself.

A template is trusted not to be malicious, but one that loops for ever or grows a text
without end by mistake must not stop the requests of others. So it has a budget of
steps, and a text, a list or a number that it makes has a greatest size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sized
from typing import Any

STEPS = 1_000_000
"""Turns of loops that one response may take; a call counts as ten."""
CALL = 10
LARGEST = 16 * 1024 * 1024
"""Characters of a text and items of a list."""
LARGEST_NUMBER = 65_536
"""Bits of a number."""
DEEPEST = 20
"""Templates that may be included in one another."""

_WIDE = re.compile(r"[0-9]{6,}|%[^a-zA-Z%]*\*")
"""In a format: a width or precision of six digits, or one that is an argument."""


class LimitError(Exception):
    """A template does more than one may."""


class Budget:
    """The steps that are left."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = STEPS

    def take(self, steps: int = 1) -> None:
        """Count steps. Raises `LimitError` when there are none left."""
        self.left -= steps
        if self.left < 0:
            raise LimitError(f"the template takes more than {STEPS} steps")


def check_size(size: int, largest: int = LARGEST) -> None:
    """Raise `LimitError` for a size that is too large."""
    if size > largest:
        raise LimitError("the template makes a text, a list or a number that is too large")


def check_binary(operator: str, left: Any, right: Any) -> None:  # noqa: ANN401
    """Check what an operator would make of two values. Raises `LimitError`."""
    numbers = isinstance(left, int) and isinstance(right, int)
    if operator == "**" and numbers:
        check_size(left.bit_length() * max(right, 0), LARGEST_NUMBER)
    elif operator == "*" and numbers:
        check_size(left.bit_length() + right.bit_length(), LARGEST_NUMBER)
    elif operator == "*":
        times, sized = (left, right) if isinstance(left, int) else (right, left)
        if isinstance(times, int) and isinstance(sized, Sized):
            check_size(len(sized) * times)
    elif operator == "+" and isinstance(left, Sized) and isinstance(right, Sized):
        check_size(len(left) + len(right))
    elif operator == "%" and isinstance(left, str):
        check_format(left)


def check_format(text: str) -> None:
    """Check the widths in a format. Raises `LimitError`."""
    if _WIDE.search(text):
        raise LimitError("the template formats a text that is too large")


def check_replace(text: str, old: str, new: str) -> None:
    """Check how long a text becomes. Raises `LimitError`."""
    check_size(len(text) + text.count(old) * len(new))


def check_join(separator: str, values: Iterable[Any]) -> list[Any]:
    """Check how long joined texts become, and return them. Raises `LimitError`."""
    found = list(values)
    check_size(sum(len(str(value)) for value in found) + len(separator) * len(found))
    return found


def check_method(text: str, name: str, args: tuple[Any, ...]) -> None:
    """Check a call of a method of text. Raises `LimitError`."""
    if name == "replace" and len(args) > 1:
        check_replace(text, str(args[0]), str(args[1]))
    else:
        check_size(max((arg for arg in args if isinstance(arg, int)), default=0))
