"""Durations and sizes: `1m30s`, `2d`, `10MiB`, read as Caddy reads them."""

from __future__ import annotations

import re

from snake.core.errors import SnakeError
from snake.core.numbers import shortest

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
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_LONGEST = 1024
_MOST = 1 << 63
_LARGEST_SIZE = 1 << 64

_SIZES = {"": 1, "b": 1} | {
    f"{letter}{rest}": (1024 if rest[:1] == "i" else 1000) ** power
    for power, letter in enumerate("kmgtpe", 1)
    for rest in ("", "b", "i", "ib")
}
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


class UnitError(SnakeError):
    """Text that is no duration or no size."""


def duration(text: str) -> int:
    """Read a Go duration, with Caddy's `d` for days, as nanoseconds. Raises `UnitError`."""
    value = _nanoseconds(_days_as_hours(text)) if len(text.encode()) <= _LONGEST else None
    if value is None:
        raise UnitError(f'invalid duration "{text}"; expected a number and a unit, like 30s or 5m')
    return value


def _days_as_hours(text: str) -> str:
    """Write the days in a duration as hours; nothing for what is no number of days.

    After days, Caddy reads on as many characters into the text as before, although
    the hours need not be as long: `1.5d1d` is no duration, and `1d1d` is one.
    """
    in_number, start, at = False, 0, 0
    while at < len(text):
        char = text[at]
        if char == "d":
            if not _FLOAT.fullmatch(text[start:at]):
                return ""
            hours = float(text[start:at]) * 24
            if hours in (float("inf"), float("-inf")):
                return ""
            text = f"{text[:start]}{shortest(hours)}h{text[at + 1 :]}"
            continue
        if not in_number:
            start = at
        in_number = char in "0123456789.-+"
        at += 1
    return text


def _nanoseconds(text: str) -> int | None:
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return 0
    total, end = 0, 0
    for part in _PART.finditer(body):
        whole, fraction, unit = part[1], part[2], _UNITS.get(part[3], 0)
        # More digits than these are more than fits.
        if part.start() != end or not (whole or fraction) or not unit or len(whole) > _LONGEST:
            return None
        end = part.end()
        total += int(whole or "0") * unit + _fraction(fraction or "", unit)
    negative = text[:1] == "-"
    if end != len(body) or not body or total > _MOST or (total == _MOST and not negative):
        return None
    return -total if negative else total


def _fraction(digits: str, unit: int) -> int:
    """Return a part of a unit, with the rounding of Go."""
    number, scale = 0, 1.0
    for digit in digits:
        more = number * 10 + int(digit)
        if more > _MOST:
            break
        number, scale = more, scale * 10
    return int(number * (unit / scale))


def size(text: str) -> int:
    """Read a size: `10MB` is 10,000,000 bytes, `10MiB` is 10,485,760. Raises `UnitError`."""
    rest = text.lstrip("0123456789.,")
    number = text[: len(text) - len(rest)].replace(",", "")
    factor = _SIZES.get(rest.strip(_SPACE).lower())
    if factor is not None and _FLOAT.fullmatch(number) and len(number) <= _LONGEST:
        count = int(number) * factor if number.isdecimal() else int(float(number) * factor)
        if count < _LARGEST_SIZE:
            return count
    raise UnitError(f'invalid size "{text}"; expected a number of bytes, like 512, 10MB or 1GiB')
