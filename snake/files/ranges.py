"""Ranges: which bytes of a file a request asks for.

Source: RFC 9110 section 14; where that leaves a choice, Go's `http.ServeContent`.
"""

from __future__ import annotations

from typing import NamedTuple

_BLANK = " \t"
_LARGEST = 2**63 - 1
_MOST_DIGITS = 19
"""A number that is larger is no position in a file (Go: 64 bits)."""


class Range(NamedTuple):
    """Bytes of a file."""

    start: int
    length: int

    def content_range(self, size: int) -> bytes:
        """Return the Content-Range of these bytes of a file of `size`."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}".encode()


class RangeError(Exception):
    """Ranges that cannot be satisfied: malformed, or all of them beyond the end."""

    def __init__(self, message: str, *, beyond: bool = False) -> None:
        super().__init__(message)
        self.beyond = beyond


def parse_ranges(field: str, size: int) -> list[Range]:
    """Read a Range field. No range at all means the whole file. Raises `RangeError`.

    Ranges that together are longer than the file are ignored: they are a mistake
    or an attack. So is a range of an empty file.
    """
    if not field.startswith("bytes="):
        raise RangeError("invalid range")
    ranges: list[Range] = []
    beyond = False
    for spec in field.removeprefix("bytes=").split(","):
        if not spec.strip(_BLANK):
            continue
        found = _range(spec, size)
        if found is None:
            beyond = True
        else:
            ranges.append(found)
    if beyond and not ranges:
        if size == 0:
            return []
        raise RangeError("invalid range: failed to overlap", beyond=True)
    return ranges if sum(found.length for found in ranges) <= size else []


def _range(spec: str, size: int) -> Range | None:
    """Read one range; `None` when it begins beyond the end."""
    first, dash, last = (part.strip(_BLANK) for part in spec.partition("-"))
    if not dash or last.startswith("-") or not (first or last):
        raise RangeError("invalid range")
    if not first:
        length = min(_number(last), size)
        return Range(size - length, length)
    start = _number(first)
    if start >= size:
        return None
    end = _number(last) if last else size - 1
    if end < start:
        raise RangeError("invalid range")
    return Range(start, min(end, size - 1) - start + 1)


def _number(text: str) -> int:
    """Read a number as Go's `ParseInt`. Raises `RangeError`."""
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise RangeError("invalid range")
    digits = digits.lstrip("0") or "0"
    number = int(digits) if len(digits) <= _MOST_DIGITS else _LARGEST + 1
    if number > _LARGEST:
        raise RangeError("invalid range")
    return number
