r"""The character classes that a regular expression can name: `\d`, `[:alpha:]`, `\p{Lu}`.

They are RE2's (https://github.com/google/re2/wiki/Syntax): `\d`, `\s` and `\w`
mean ASCII, and `\s` has no vertical tab. Python's are wider, so none of its own
is used. A set is its ranges of code points, first and last, in order.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from functools import cache

Ranges = tuple[tuple[int, int], ...]


def _ranges(spec: str) -> Ranges:
    """Read `09AZ`, pairs of first and last character."""
    return tuple((ord(first), ord(last)) for first, last in zip(spec[::2], spec[1::2], strict=True))


PERL = {
    "d": _ranges("09"),
    "s": _ranges("\t\n\f\r  "),
    "w": _ranges("09AZ__az"),
}
r"""`\d`, `\s` and `\w`; the capital letter is the complement."""

POSIX = {
    "alnum": _ranges("09AZaz"),
    "alpha": _ranges("AZaz"),
    "ascii": _ranges("\x00\x7f"),
    "blank": _ranges("\t\t  "),
    "cntrl": _ranges("\x00\x1f\x7f\x7f"),
    "digit": _ranges("09"),
    "graph": _ranges("!~"),
    "lower": _ranges("az"),
    "print": _ranges(" ~"),
    "punct": _ranges("!/:@[`{~"),
    "space": _ranges("\t\r  "),
    "upper": _ranges("AZ"),
    "word": _ranges("09AZ__az"),
    "xdigit": _ranges("09AFaf"),
}
"""The classes written `[:name:]` inside brackets."""


def folded(ranges: Ranges) -> Ranges:
    """Return the ranges and, as far as they are ASCII, their letters of the other case.

    Of letters beyond ASCII all are taken, since some are folded to ASCII ones.
    """
    letters = [
        (max(first, low) ^ 32, min(last, high) ^ 32)
        for first, last in ranges
        for low, high in (_ranges("AZ") + _ranges("az"))
        if first <= high and last >= low
    ]
    return tuple(sorted([*ranges, *letters, *([(128, sys.maxunicode)] if letters else [])]))


def complement(ranges: Ranges) -> Ranges:
    """Return every code point that is not in `ranges`."""
    kept, start = [], 0
    for first, last in ranges:
        if first > start:
            kept.append((start, first - 1))
        start = last + 1
    if start <= sys.maxunicode:
        kept.append((start, sys.maxunicode))
    return tuple(kept)


@cache
def category(name: str) -> Ranges | None:
    """Return the characters of a Unicode general category (`L`, `Lu`, `Any`); `None` if unknown."""
    if name == "Any":
        return ((0, sys.maxunicode),)
    codes = [
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)).startswith(name)
    ]
    return _runs(codes) or None if name else None


def _runs(codes: Iterable[int]) -> Ranges:
    runs: list[tuple[int, int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return tuple(runs)


def written(ranges: Ranges) -> str:
    """Write ranges for the inside of Python's brackets."""
    return "".join(
        _escaped(first) if first == last else f"{_escaped(first)}-{_escaped(last)}"
        for first, last in ranges
    )


def _escaped(code: int) -> str:
    return chr(code) if chr(code).isalnum() and code < 128 else f"\\U{code:08x}"  # noqa: PLR2004
