"""core.units."""

from __future__ import annotations

import re

import pytest

from snake.core.units import SECOND, UnitError, duration, duration_text, size


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1ns", 1),
        ("5s", 5 * 10**9),
        ("1m30s", 90 * 10**9),
        ("1.5h", 5400 * 10**9),
        ("2d", 172_800 * 10**9),
        ("100ms", 10**8),
        ("7µs", 7000),
        ("-1s", -(10**9)),
        (".5s", 5 * 10**8),
        ("1.9999999999s", 1_999_999_999),
        ("1.5d", 36 * 3600 * 10**9),
        ("1d1d", 48 * 3600 * 10**9),
        ("-2562047h47m16.854775808s", -(1 << 63)),
        ("0.3333333333333333333333h", 20 * 60 * 10**9),
    ],
)
def test_duration(text: str, nanoseconds: int) -> None:
    """A duration is read as Go reads it, with days."""
    assert duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "5", "s", "5x", "1 s", "--1s", "1s!", "1e3s", "+-1s", "1s ", ".s", "d", "1ed"),
        *("1.5d1d", "9" * 400 + "d", "1h" * 600, "1.2.3s", "1S"),
    ],
)
def test_no_duration(text: str) -> None:
    """Anything else is refused, and the message says what was expected."""
    with pytest.raises(UnitError, match="expected a number and a unit"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("512", 512),
        ("10MB", 10**7),
        ("10MiB", 10 * 2**20),
        ("1kb", 1000),
        ("1 KiB", 1024),
        ("1.5GB", 1_500_000_000),
        ("3b", 3),
        ("2M", 2_000_000),
        ("1,024", 1024),
        ("1.", 1),
        ("4\t gI ", 4 << 30),
        ("15EiB", 15 << 60),
        ("18446744073709551615", (1 << 64) - 1),
    ],
)
def test_size(text: str, count: int) -> None:
    """A size is bytes: decimal units, or binary ones with an i."""
    assert size(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "10XB",
        "-5",
        "1e3",
        " 1",
        "1.2.3",
        "9" * 5000,
        "٣",
    ],
)
def test_no_size(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(UnitError, match="expected a number of bytes"):
        size(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("9223372036854775807ns", 2**63 - 1),
        ("-9223372036854775808ns", -(2**63)),
        ("2562047h47m16.854775807s", 2**63 - 1),
        ("1.5d", 129_600 * 10**9),
        ("1h2d", 176_400 * 10**9),
        ("0.3333333333333333333h", 1_200_000_000_000),
        ("+5s", 5 * 10**9),
        ("1.s", 10**9),
        ("-0", 0),
        ("10d", 864_000 * 10**9),
    ],
)
def test_longest_durations(text: str, nanoseconds: int) -> None:
    """A duration is what 64 bits hold, to the nanosecond that Go's arithmetic gives."""
    assert duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9223372036854775808ns", "longer than 292 years"),
        ("106752d", "longer than 292 years"),
        ("1h9223372036854775807ns", "longer than 292 years"),
        ("9" * 1000 + "ns", "longer than 292 years"),
        ("9" * 1100 + "ns", "longer than 1024 bytes"),
        ("1e400d", "expected a number and a unit"),
        ("5dd", "expected a number and a unit"),
        ("٣s", "expected a number and a unit"),
        ("1h30", "missing unit"),
        ("5 s", 'unknown unit " s"'),
    ],
)
def test_why_it_is_no_duration(text: str, why: str) -> None:
    """What is wrong with a duration is said."""
    with pytest.raises(UnitError, match=re.escape(why)):
        duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1,000", 1000),
        ("1.", 1),
        (".5k", 500),
        ("2ki", 2048),
        ("3E", 3 * 10**18),
        ("9007199254740993", 9007199254740993),
        ("9007199254740993.0", 9007199254740992),
        ("18446744073709551615", 2**64 - 1),
        ("1 \N{KELVIN SIGN}B", 1000),
    ],
)
def test_odd_sizes(text: str, count: int) -> None:
    """A whole number is exact; one with a fraction is as exact as a float."""
    assert size(text) == count


@pytest.mark.parametrize("text", ["16EiB", "18446744073709551616", "9" * 2000, "9" * 900 + ".5"])
def test_too_large(text: str) -> None:
    """A size is less than 2⁶⁴."""
    with pytest.raises(UnitError, match=r"too large|expected a number of bytes"):
        size(text)


@pytest.mark.parametrize("text", [" 1", "1.2.3", ",", "+1", "٣", "1e3", "1 0"])
def test_strict_sizes(text: str) -> None:
    """There is no sign, no exponent, no space in front."""
    with pytest.raises(UnitError, match="expected a number of bytes"):
        size(text)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        *((0, "0s"), (1, "1ns"), (1000, "1µs"), (1500, "1.5µs"), (20_000_000, "20ms")),
        *((999_999_999, "999.999999ms"), (SECOND, "1s"), (1_500_000_000, "1.5s")),
        *((60 * SECOND, "1m0s"), (3_601_500_000_000, "1h0m1.5s"), (-90 * SECOND, "-1m30s")),
    ],
)
def test_durations_as_go_writes_them(nanoseconds: int, text: str) -> None:
    """Each duration has one text, which is read back as the same."""
    assert duration_text(nanoseconds) == text
    assert duration(text) == nanoseconds
