"""core.units."""

from __future__ import annotations

import pytest

from snake.core.units import UnitError, duration, size


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
        *("1.5d1d", "9223372036854775808ns", "9" * 400 + "d", "1h" * 600, "1.2.3s", "1S"),
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
        "16EiB",
        "1844674407370955161600",
        "9" * 5000,
        "٣",
    ],
)
def test_no_size(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(UnitError, match="expected a number of bytes"):
        size(text)
