"""Sizes for people. Source: the package go-humanize, `IBytes`."""

from __future__ import annotations

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_STEP = 1024
_TWO_DIGITS = 10


def human_size(size: int) -> str:
    """Write a number of bytes with two or three digits and a unit of 1024s: `1.5 KiB`."""
    if size < _STEP:
        return f"{size} B"
    # Of 64 bits at most, so an EiB is the largest unit.
    power = min((size.bit_length() - 1) // 10, len(_UNITS))
    value = int(size / _STEP**power * 10 + 0.5) / 10
    return f"{value:.{int(value < _TWO_DIGITS)}f} {_UNITS[power - 1]}"
