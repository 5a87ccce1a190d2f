"""Ranges: which bytes of a file a request asks for.

Source: RFC 9110 section 14; where that leaves a choice, Go's `http.ServeContent`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SPEC = re.compile(r"\s*(?P<first>\d*)\s*-\s*(?P<last>\d*)\s*", re.ASCII)
_MOST_DIGITS = 18
"""A number with more digits is no position in a file (Go: 64 bits)."""


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
        if not spec.strip():
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
    match = _SPEC.fullmatch(spec)
    first, last = match.groups() if match else ("", "")
    if (not first and not last) or max(len(first), len(last)) > _MOST_DIGITS:
        raise RangeError("invalid range")
    if not first:
        length = min(int(last), size)
        return Range(size - length, length)
    start = int(first)
    if start >= size:
        return None
    if not last:
        return Range(start, size - start)
    if int(last) < start:
        raise RangeError("invalid range")
    return Range(start, min(int(last), size - 1) - start + 1)
