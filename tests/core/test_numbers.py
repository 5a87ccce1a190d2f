"""core.numbers."""

from __future__ import annotations

import pytest

from snake.core.numbers import NumberError, integer, shortest, signed


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("+7", 7),
        ("-12", -12),
        ("007", 7),
        ("9223372036854775807", (1 << 63) - 1),
        ("-9223372036854775808", -(1 << 63)),
        ("0" * 5000 + "1", 1),
    ],
)
def test_integer(text: str, number: int) -> None:
    """A whole number is decimal digits, with a sign or without."""
    assert integer(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "+", "1_000", "0x10", "1.0", "1e3", " 1", "1 ", "٣", "--1", "9223372036854775808"],
)
def test_no_integer(text: str) -> None:
    """Anything else, or one that 64 bits do not hold, is refused."""
    with pytest.raises(NumberError, match="is no whole number"):
        integer(text)


def test_integer_of_many_digits() -> None:
    """A number far too long is refused as one that is a little too long."""
    with pytest.raises(NumberError):
        integer("9" * 100_000)


def test_signed() -> None:
    """The highest of 64 bits is the sign."""
    assert signed(1) == 1
    assert signed((1 << 64) - 1) == -1
    assert signed(1 << 63) == -(1 << 63)


@pytest.mark.parametrize(
    ("number", "text"),
    [(24.0, "24"), (0.1, "0.1"), (1e-7, "0.0000001"), (2.0**63, "9223372036854776000")],
)
def test_shortest(number: float, text: str) -> None:
    """A float is written without an exponent, in the fewest digits that tell it apart."""
    assert shortest(number) == text
