"""Durations and sizes: `1m30s`, `2d`, `10MiB`."""

from __future__ import annotations

import re

from snake.core.errors import SnakeError

SECOND = 1_000_000_000
"""One second in the nanoseconds that Caddy's JSON counts in."""

_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
    "d": 86_400 * SECOND,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgtpe]?i?b?)\s*", re.IGNORECASE)
_POWERS = "kmgtpe"


class UnitError(SnakeError):
    """Text that is no duration or no size."""


def duration(text: str) -> int:
    """Read a Go duration, with Caddy's `d` for days, as nanoseconds. Raises `UnitError`."""
    body = text.lstrip("+-")
    if body == "0":
        return 0
    total, end = 0.0, 0
    exact = 0
    for part in _PART.finditer(body):
        if part.start() != end:
            break
        end = part.end()
        number, unit = part.groups()
        if "." in number:
            total += float(number) * _UNITS[unit]
        else:
            exact += int(number) * _UNITS[unit]
    if not body or end != len(body) or len(text) - len(body) > 1:
        raise UnitError(f'invalid duration "{text}"; expected a number and a unit, like 30s or 5m')
    value = exact + round(total)
    return -value if text.startswith("-") else value


def size(text: str) -> int:
    """Read a size: `10MB` is 10,000,000 bytes, `10MiB` is 10,485,760. Raises `UnitError`."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise UnitError(
            f'invalid size "{text}"; expected a number of bytes, like 512, 10MB or 1GiB'
        )
    number, unit = match[1], match[2].lower()
    base = 1024 if "i" in unit else 1000
    power = _POWERS.find(unit[:1]) + 1 if unit[:1] not in ("", "b", "i") else 0
    return int(float(number) * base**power)
