"""Ranges: which bytes a request asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.files.ranges import Range, RangeError, parse_ranges


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-4", [(0, 5)]),
        ("bytes=2-", [(2, 8)]),
        ("bytes=-3", [(7, 3)]),
        ("bytes=-99", [(0, 10)]),
        ("bytes=5-99", [(5, 5)]),
        ("bytes= 0 - 0 , 9-", [(0, 1), (9, 1)]),
        ("bytes=0-0,,-1", [(0, 1), (9, 1)]),
        ("bytes=0-1,20-30", [(0, 2)]),
        ("bytes=", []),
        ("bytes=+1-+2", [(1, 2)]),
        ("bytes=00-004", [(0, 5)]),
        ("bytes=0-" + "9" * 18, [(0, 10)]),
        ("bytes=0-1,20-x", [(0, 2)]),
        ("bytes=0-9,0-9", []),
        ("bytes=0-,0-,0-", []),
    ],
)
def test_ranges_of_ten_bytes(field: str, expected: list[tuple[int, int]]) -> None:
    """Ranges are cut at the end; those beyond it are left out; too much together is ignored."""
    assert parse_ranges(field, 10) == expected


@pytest.mark.parametrize(
    "field",
    [
        "bytes",
        "items=0-1",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=-",
        "bytes=--1",
        "bytes=1",
        "bytes=0x1-2",
        "bytes=0-" + "9" * 30,
    ],
)
def test_malformed_ranges_are_refused(field: str) -> None:
    """What is no range of bytes is an error and not the whole file."""
    with pytest.raises(RangeError, match=r"^invalid range$"):
        parse_ranges(field, 10)


def test_ranges_beyond_the_end_are_refused() -> None:
    """When nothing that was asked for is there, the error says so."""
    with pytest.raises(RangeError, match="failed to overlap") as caught:
        parse_ranges("bytes=10-,20-30", 10)
    assert caught.value.beyond


def test_empty_file_has_no_ranges() -> None:
    """An empty file is sent as a whole, for some clients always ask for a range."""
    assert parse_ranges("bytes=0-100", 0) == []


@given(st.text(alphabet="bytes=0123456789-, ", max_size=40), st.integers(0, 1000))
def test_no_range_leaves_the_file(text: str, size: int) -> None:
    """Whatever the field says, what comes out lies inside the file, and is no longer than it."""
    try:
        ranges = parse_ranges(text, size)
    except RangeError:
        return
    assert all(start >= 0 and length >= 0 and start + length <= size for start, length in ranges)
    assert sum(length for _, length in ranges) <= size


def test_many_ranges_take_linear_time() -> None:
    """A header full of ranges is read in no time, and ignored when it is more than the file."""
    assert parse_ranges("bytes=" + ",".join(["0-"] * 100_000), 10) == []
    assert len(parse_ranges("bytes=" + ",".join(["0-0"] * 4000), 5000)) == 4000


def test_content_range_is_written() -> None:
    """Content-Range has the first and the last byte, and the size of the file."""
    assert Range(2, 3).content_range(10) == b"bytes 2-4/10"
