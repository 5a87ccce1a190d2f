"""Scalars: words that are numbers, true or false, where Caddy tells them from text."""

from __future__ import annotations

import math

from snake.caddyfile.segments import Token
from snake.core.numbers import NumberError, integer, real, truth

Scalar = str | int | float | bool


def scalar(token: Token) -> Scalar:
    """Read a word: what is not quoted may be a whole number, a number, true or false."""
    text = token.text
    if token.quoted:
        return text
    for read in (integer, _finite, truth):
        try:
            return read(text)
        except NumberError:
            continue
        except OverflowError:
            token.fail(
                f"{text} is a number here, and JSON has none that is not finite",
                f'as text it is quoted: "{text}"',
            )
    return text


def _finite(text: str) -> float:
    """Read a number. Raises `NumberError`, and `OverflowError` for infinity and no number."""
    number = real(text)
    if not math.isfinite(number):
        raise OverflowError
    return number
