"""Whole numbers as Go reads them: decimal digits that fit in 64 bits."""

from __future__ import annotations

import re

from snake.core.errors import SnakeError

_INTEGER = re.compile(r"[+-]?[0-9]+")
_HALF = 1 << 63


class NumberError(SnakeError):
    """Text that is no whole number."""


def integer(text: str) -> int:
    """Read a whole number. Raises `NumberError`."""
    digits = text.lstrip("+-").lstrip("0") or "0"
    # Digits beyond those of 64 bits are not worth the time that reading them takes.
    if _INTEGER.fullmatch(text) and len(digits) < 20:  # noqa: PLR2004
        number = -int(digits) if text.startswith("-") else int(digits)
        if -_HALF <= number < _HALF:
            return number
    raise NumberError(f'"{text}" is no whole number')


def signed(number: int) -> int:
    """Return what the 64 bits of a number without a sign mean as one with a sign."""
    return (number + _HALF) % (2 * _HALF) - _HALF


def shortest(number: float) -> str:
    """Write a float with the fewest digits that tell it apart, and never with an exponent."""
    from decimal import Decimal  # noqa: PLC0415  (few numbers need it, and it is slow to import)

    return format(Decimal(repr(number)), "f").removesuffix(".0")
