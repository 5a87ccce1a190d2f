"""Durations and sizes: `1m30s`, `2d`, `10MiB`; read as Caddy reads them."""

from __future__ import annotations

import re

from snake.core.errors import SnakeError
from snake.core.numbers import NumberError, real, shortest
from snake.core.text import SPACE

SECOND = 1_000_000_000
"""One second in the nanoseconds that Caddy's JSON counts in."""

MILLISECOND = SECOND // 1000

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
_PART = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^.0-9]*)", re.DOTALL)
_LIMIT = 2**63
_LONGEST = 1024
"""The bytes of the longest text that may be a duration."""

_SIZE = re.compile(r"([0-9.,]*)(.*)", re.DOTALL)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_MULTIPLES = {
    "b": 1,
    **{f"{letter}{end}": 1000**power for letter, power in _POWERS.items() for end in ("", "b")},
    **{
        f"{letter}{end}": 1024**power
        for letter, power in _POWERS.items()
        for end in ("i", "ib")
        if letter
    },
}


class UnitError(SnakeError):
    """Text that is no duration or no size."""


class Span(int):
    """A span of time in nanoseconds, which as text is what `duration_text` makes of it."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return it as Go writes it."""
        return duration_text(self)


def duration(text: str) -> int:
    """Read a duration as `caddy.ParseDuration`, in nanoseconds. Raises `UnitError`.

    That is Go's `time.ParseDuration` (a sign or none; one or more of a number, with a
    fraction or without, and a unit: ns, us, µs, ms, s, m, h; or 0), with `d` for 24 hours.
    Nothing is longer than 2⁶³ nanoseconds, some 292 years.
    """
    if len(text.encode("utf-8", "surrogatepass")) > _LONGEST:
        raise UnitError(f"invalid duration, longer than {_LONGEST} bytes; {_EXPECTED}")
    try:
        return _go_duration(_without_days(text) if "d" in text else text, text)
    except NumberError as error:
        raise UnitError(f'invalid duration "{text}": {error}; {_EXPECTED}') from None


def plain_duration(text: str) -> int:
    """Read a duration as Go's `time.ParseDuration`, which has no days. Raises `UnitError`."""
    return _go_duration(text, text)


_EXPECTED = "expected a number and a unit, like 30s or 5m"


def _without_days(text: str) -> str:
    """Write days as hours, as Caddy does.

    After days, it reads on as many characters into the text as before, although
    the hours need not be as long: `1.5d1d` is no duration, and `1d1d` is one.
    """
    start, index, inside = 0, 0, False
    while index < len(text):
        char = text[index]
        if char == "d":
            hours = shortest(real(text[start:index]) * 24)
            text = f"{text[:start]}{hours}h{text[index + 1 :]}"
            continue
        if not inside:
            start = index
        inside = char in "0123456789.-+"
        index += 1
    return text


def _go_duration(text: str, given: str) -> int:
    negative = text.startswith("-")
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise UnitError(f'invalid duration "{given}"; {_EXPECTED}')
    total, at = 0, 0
    while at < len(rest):
        part = _PART.match(rest, at)
        whole, dot, fraction, unit = part.groups() if part else ("", None, None, "")
        if not part or not (whole or fraction):
            raise UnitError(f'invalid duration "{given}"; {_EXPECTED}')
        if not unit:
            raise UnitError(f'invalid duration "{given}": missing unit; {_EXPECTED}')
        if unit not in _UNITS:
            raise UnitError(f'invalid duration "{given}": unknown unit "{unit}"; {_EXPECTED}')
        total += _nanoseconds(whole, fraction if dot else None, _UNITS[unit], given)
        at = part.end()
        if total > _LIMIT:
            raise _too_long(given)
    if total == _LIMIT and not negative:
        raise _too_long(given)
    return -total if negative else total


def _nanoseconds(whole: str, fraction: str | None, unit: int, given: str) -> int:
    digits = whole.lstrip("0")
    # Python reads no more than some thousands of digits.
    number = int(digits or "0") if len(digits) <= len(str(_LIMIT)) else _LIMIT + 1
    if number > _LIMIT // unit:
        raise _too_long(given)
    if not fraction:
        return number * unit
    numerator, scale = _fraction(fraction)
    # Go's arithmetic, whose last digit is not always the nearest one.
    return number * unit + int(float(numerator) * (float(unit) / scale))


def _fraction(digits: str) -> tuple[int, float]:
    """Return a fraction's digits, as many as 63 bits hold, and the power of ten below them."""
    value, scale = 0, 1.0
    for digit in digits:
        if value > (_LIMIT - 1) // 10 or value * 10 + int(digit) > _LIMIT:
            break
        value = value * 10 + int(digit)
        scale *= 10
    return value, scale


def _too_long(given: str) -> UnitError:
    return UnitError(f'invalid duration "{given}"; it is longer than 292 years')


def size(text: str) -> int:
    """Read a size in bytes as `humanize.ParseBytes`. Raises `UnitError`.

    `10MB` and `10m` are 10,000,000 bytes, `10MiB` and `10mi` are 10,485,760; a fraction, commas
    between digits, space before the unit and any case are allowed. It is below 2⁶⁴:
    where Caddy's field is a signed one, `signed` of the module numbers makes it that.
    """
    match = _SIZE.match(text)
    digits, unit = match.groups() if match else ("", "")
    multiple = _MULTIPLES.get(unit.strip(SPACE).lower())
    try:
        number = _number_of_units(digits.replace(",", ""))
    except NumberError:
        multiple = None
    if multiple is None:
        raise UnitError(
            f'invalid size "{text}"; expected a number of bytes, like 512, 10MB or 1GiB'
        )
    value = number * multiple
    if value >= 2**64:
        raise UnitError(f'invalid size "{text}"; it is too large')
    return int(value)


def _number_of_units(digits: str) -> float:
    """Read a number of units: exactly, if it is a whole number. Raises `NumberError`."""
    if "." in digits or len(digits) > _LONGEST:
        return float(real(digits))
    return int(digits) if digits else float(real(digits))


def duration_text(nanoseconds: int) -> str:
    """Return a duration as Go writes it: `1h0m1.5s`, `20ms`, `0s`."""
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if left < SECOND:
        for unit, name in _SMALL:
            if left >= unit:
                return f"{sign}{_decimal(left, unit)}{name}"
        return "0s"
    minutes, left = divmod(left, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    longer = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{longer}{_decimal(left, SECOND)}s"


_SMALL = tuple((_UNITS[name], name) for name in ("ms", "µs", "ns"))


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)
