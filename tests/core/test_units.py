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
    ],
)
def test_duration(text: str, nanoseconds: int) -> None:
    """A duration is read as Go reads it, with days."""
    assert duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "5", "s", "5x", "1 s", "--1s", "1s!", "1e3s", "+-1s"])
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
    ],
)
def test_size(text: str, count: int) -> None:
    """A size is bytes: decimal units, or binary ones with an i."""
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "x", "10XB", "-5", "1e3"])
def test_no_size(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(UnitError, match="expected a number of bytes"):
        size(text)
