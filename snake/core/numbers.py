"""Numbers as Go reads and writes them.

What a Caddyfile may say where a number is expected is what Go's package strconv
accepts, and what comes of it is written as Go's encoding/json writes it. All that
reads or writes numbers for Caddy's sake does it with these.
"""

from __future__ import annotations

import math
import re

import msgspec

from snake.core.errors import SnakeError

_HALF = 1 << 63
_MOST_DIGITS = 20
"""Those of 64 bits."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9_]+\.?[0-9_]*|\.[0-9_]+)(e[+-]?[0-9][0-9_]*)?", re.IGNORECASE)
_HEX = re.compile(r"[+-]?0x([0-9a-f_]+\.?[0-9a-f_]*|\.[0-9a-f_]+)p[+-]?[0-9][0-9_]*", re.IGNORECASE)
_SPECIAL = re.compile(r"[+-]?inf(inity)?|nan", re.IGNORECASE)
# An underscore stands between two digits, or between the prefix 0x and a digit.
_LONE_IN_DECIMAL = re.compile(r"(?<![0-9])_|_(?![0-9])")
_LONE_IN_HEX = re.compile(r"(?<![0-9a-fx])_|_(?![0-9a-f])", re.IGNORECASE)

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


class NumberError(SnakeError):
    """Text that is no number, or one that is too large."""


class Number(float):
    """A float that JSON writes as Go does: `1` and not `1.0`, `1e-7`, `0.000001`.

    A float that stands in a document that a Caddyfile makes has to be one of these;
    `real` returns them.
    """

    def as_json(self) -> bytes:
        """Return it as Go's encoding/json writes it."""
        value = float(self)
        if value and not _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
            mantissa, _, exponent = repr(value).partition("e")
            return f"{mantissa}e{int(exponent):+d}".encode()
        return shortest(value).encode()


_SMALLEST_PLAIN = 1e-6
_LARGEST_PLAIN = 1e21


def encode_number(value: object) -> msgspec.Raw:
    """Write what msgspec does not know how to: a `Number`. It is an `enc_hook`."""
    if isinstance(value, Number):
        return msgspec.Raw(value.as_json())
    raise NotImplementedError(f"cannot encode {type(value).__name__}")


def integer(text: str, bits: int = 64) -> int:
    """Read a whole number as `strconv.Atoi`, and `ParseInt(text, 10, bits)`.

    It has decimal digits, and a sign perhaps. Raises `NumberError`.
    """
    if not _INTEGER.fullmatch(text):
        raise NumberError(f'"{text}" is no whole number')
    limit = 1 << (bits - 1)
    digits = text.lstrip("+-").lstrip("0") or "0"
    # Python reads no more than some thousands of digits.
    value = int(digits) if len(digits) <= _MOST_DIGITS else 1 << 64
    value = -value if text[0] == "-" else value
    if not -limit <= value < limit:
        raise NumberError(f'"{text}" is no whole number of {bits} bits; it is out of range')
    return value


def signed(number: int) -> int:
    """Return what the 64 bits of a number without a sign mean as one with a sign."""
    return (number + _HALF) % (2 * _HALF) - _HALF


def shortest(number: float) -> str:
    """Write a float with the fewest digits that tell it apart, and never with an exponent."""
    from decimal import Decimal  # noqa: PLC0415  (few numbers need it, and it is slow to import)

    return format(Decimal(repr(float(number))), "f").removesuffix(".0")


def real(text: str) -> Number:
    """Read a number as `strconv.ParseFloat(text, 64)`. Raises `NumberError`.

    It takes an exponent, hexadecimal digits (`0x1p-2`), underscores between digits,
    `inf`, `infinity` and `nan` in upper or lower case.
    """
    if _SPECIAL.fullmatch(text):
        return Number(text)
    is_hex = _HEX.fullmatch(text) is not None
    lone = (_LONE_IN_HEX if is_hex else _LONE_IN_DECIMAL).search(text)
    if lone or not (is_hex or _DECIMAL.fullmatch(text)):
        raise NumberError(f'"{text}" is no number')
    plain = text.replace("_", "")
    try:
        value = float.fromhex(plain) if is_hex else float(plain)
    except OverflowError:
        value = math.inf
    if math.isinf(value):
        raise NumberError(f'"{text}" is no number of 64 bits; it is out of range')
    return Number(value)


def truth(text: str) -> bool:
    """Read a truth value as `strconv.ParseBool`: 1, t, T, TRUE, true, True, and their opposites.

    Raises `NumberError`.
    """
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise NumberError(f'"{text}" is neither true nor false')
