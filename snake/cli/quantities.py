"""Quantities: times, sizes and numbers as people say them."""

from __future__ import annotations

NONE = "-"
"""What is not known, or is not there."""

_SPANS = (("d", 86_400.0), ("h", 3600.0), ("min", 60.0))
_KIBI = 1024.0
_KILO = 1000.0


def span(seconds: float) -> str:
    """Return a time that passes: `40 s`, `3 h`."""
    for unit, size in _SPANS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def latency(seconds: float | None) -> str:
    """Return how long something took: `250 µs`, `1.2 ms`, `34 ms`, `5.0 s`."""
    if seconds is None:
        return NONE
    for unit, size in (("µs", 1e-6), ("ms", 1e-3)):
        if seconds < _KILO * size:
            return f"{_short(seconds / size)} {unit}"
    return f"{_short(seconds)} s"


def size(count: int | None) -> str:
    """Return a number of bytes: `29 MiB`."""
    if count is None:
        return NONE
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < _KIBI:
            return f"{_short(amount)} {unit}" if unit != "B" else f"{count} B"
        amount /= _KIBI
    return f"{_short(amount)} GiB"


def rate(each_second: float) -> str:
    """Return how often something happens each second: `0`, `0.3`, `12`, `3.4k`."""
    if each_second <= 0:
        return "0"
    if each_second < 0.05:  # noqa: PLR2004
        return "<0.1"
    for unit, amount in (("M", 1e6), ("k", 1e4)):
        if each_second >= amount:
            return f"{_short(each_second / (1e6 if unit == 'M' else _KILO))}{unit}"
    return f"{each_second:,.0f}" if each_second >= 10 else _short(each_second)  # noqa: PLR2004


def _short(amount: float) -> str:
    """Return two digits or more: `1.2`, `12`, `120`."""
    return f"{amount:.1f}" if amount < 10 else f"{amount:.0f}"  # noqa: PLR2004
