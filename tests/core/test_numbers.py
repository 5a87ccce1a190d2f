"""core.numbers."""

from __future__ import annotations

import math

import msgspec
import pytest

from snake.core.modules import Module, to_json
from snake.core.numbers import (
    Number,
    NumberError,
    encode_number,
    integer,
    real,
    shortest,
    signed,
    truth,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("+5", 5),
        ("-0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("0" * 5000 + "1", 1),
    ],
)
def test_integer(text: str, value: int) -> None:
    """A whole number has digits, and a sign perhaps."""
    assert integer(text) == value


@pytest.mark.parametrize("text", ["", "+", "--1", "1_000", "0x1", "1.0", "1e3", " 1", "1 ", "٣"])
def test_not_integer(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(NumberError, match=r"is no whole number$"):
        integer(text)


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("9223372036854775808", 64),
        ("-9223372036854775809", 64),
        ("2147483648", 32),
        ("-129", 8),
        ("9" * 9000, 64),
    ],
)
def test_integers_have_a_range(text: str, bits: int) -> None:
    """A number has to fit into its bits."""
    with pytest.raises(NumberError, match="it is out of range"):
        integer(text, bits)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5),
        ("+1e3", 1000),
        ("-1E-3", -0.001),
        ("1_0.0_5e1_0", 10.05e10),
        ("0x1p-2", 0.25),
        ("0X_1.8P+1", 3),
        ("1e-400", 0),
        ("Inf", math.inf),
        ("-infinity", -math.inf),
    ],
)
def test_real(text: str, value: float) -> None:
    """A float may have an exponent, hexadecimal digits and underscores."""
    assert real(text) == value


def test_not_a_number() -> None:
    """NaN is a float."""
    assert math.isnan(real("NaN"))


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "e5", "1e", "1e+", "0x1", "0x.p1", "0.5f", " 1", "1,5", "+nan", "infin"),
        *("_1", "1_", "1__0", "1_.5", "1._5", "1_e5", "1e_5", "0x1_p1", "0_x1p1", "٣"),
    ],
)
def test_not_real(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(NumberError, match=r"is no|is neither"):
        real(text)


@pytest.mark.parametrize("text", ["1e400", "-1e309", "0x1p5000", "9" * 400])
def test_floats_have_a_range(text: str) -> None:
    """A float has to fit into 64 bits."""
    with pytest.raises(NumberError, match="it is out of range"):
        real(text)


def test_truth() -> None:
    """A truth value is one of Go's twelve words."""
    assert all(truth(text) for text in ("1", "t", "T", "TRUE", "true", "True"))
    assert not any(truth(text) for text in ("0", "f", "F", "FALSE", "false", "False"))
    for text in ("", "yes", "on", "tRUE", "TrUe", "2"):
        with pytest.raises(NumberError, match=r"is no|is neither"):
            truth(text)


def test_signed() -> None:
    """A number of 64 bits is taken as one with a sign."""
    assert signed(2**63) == -(2**63)
    assert signed(2**64 - 1) == -1
    assert signed(5) == 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (1e-6, "0.000001"),
        (1.5e-6, "0.0000015"),
        (1e-7, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (1e20, "100000000000000000000"),
        (-1.5e17, "-150000000000000000"),
        (1e21, "1e+21"),
        (5e-324, "5e-324"),
    ],
)
def test_floats_are_written_as_go_does(value: float, text: str) -> None:
    """Integral floats have no point; very small and very large ones have an exponent."""
    assert msgspec.json.encode(Number(value), enc_hook=encode_number).decode() == text


def test_other_values_cannot_be_written() -> None:
    """What is no number is refused."""
    with pytest.raises(NotImplementedError, match="cannot encode object"):
        encode_number(object())


class Numbers(Module):
    """A module with numbers."""

    id = "a.numbers"

    big: int = 0
    ratio: float = 0
    inner: msgspec.Raw = msgspec.Raw(b"{}")


def test_module_that_bears_its_name_has_floats() -> None:
    """Where the name is put into a module, whole numbers lose what no float holds, as in Caddy."""
    numbers = Numbers(
        big=2**53 + 1, ratio=Number(1), inner=msgspec.Raw(b'{"c":2.0,"b":9007199254740993}')
    )

    assert bytes(to_json(numbers)) == (
        b'{"big":9007199254740993,"ratio":1,"inner":{"c":2.0,"b":9007199254740993}}'
    )
    assert bytes(to_json(numbers, "name")) == (
        b'{"big":9007199254740992,"inner":{"b":9007199254740992,"c":2},"name":"numbers","ratio":1}'
    )
    small = Numbers(big=5, ratio=Number(0.25))
    assert bytes(to_json(small, "name")) == b'{"big":5,"name":"numbers","ratio":0.25}'


@pytest.mark.parametrize(
    ("number", "text"),
    [(24.0, "24"), (0.1, "0.1"), (1e-7, "0.0000001"), (2.0**63, "9223372036854776000")],
)
def test_shortest(number: float, text: str) -> None:
    """A float is written without an exponent, in the fewest digits that tell it apart."""
    assert shortest(number) == text
