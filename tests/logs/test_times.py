"""The formats of times and durations in log records."""

from __future__ import annotations

import pytest

from snake.logs.times import NAMES, duration_formatter, formatter

SECONDS = 1_795_727_001.4285


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("unix_seconds_float", SECONDS),
        ("unix_milli_float", SECONDS * 1000),
        ("unix_nano", 1_795_727_001_428_500_000),
        ("rfc3339", "2026-11-26T21:03:21Z"),
        ("rfc3339_nano", "2026-11-26T21:03:21.4285Z"),
        ("wall", "2026/11/26 21:03:21"),
        ("wall_milli", "2026/11/26 21:03:21.428"),
        ("wall_nano", "2026/11/26 21:03:21.428500000"),
        ("common_log", "26/Nov/2026:21:03:21 +0000"),
        ("Jan _2 15:04", "Nov 26 21:03"),
    ],
)
def test_times(name: str, written: object) -> None:
    """Each name is a format; any other text is a layout."""
    form = formatter(name, local=False)
    assert form is not None
    found = form(SECONDS)
    assert found == written or abs(int(found) - int(str(written))) < 1000
    assert all(formatter(each, local=True) for each in NAMES)


def test_what_says_nothing_of_the_time() -> None:
    """It was meant to be a name."""
    assert formatter("iso", local=False) is None


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.0, "0s"),
        (5e-9, "5ns"),
        (0.000468375, "468.375µs"),
        (0.0015, "1.5ms"),
        (1.0, "1s"),
        (75.25, "1m15.25s"),
        (3600.0, "1h0m0s"),
    ],
)
def test_durations_as_text(seconds: float, written: str) -> None:
    """As Go writes them."""
    form = duration_formatter("string")
    assert form is not None
    assert form(seconds) == written


def test_durations_as_numbers() -> None:
    """Whole milliseconds or nanoseconds; seconds stay as they are."""
    assert [form and form(0.0015) for form in map(duration_formatter, ("ms", "ns", "s", ""))] == [
        *(1, 1_500_000, None, None)
    ]
