"""HTTP dates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.files.dates import http_date, parse_http_date

NOVEMBER = 784_111_777
"""The time of RFC 9110's examples."""


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ],
)
def test_three_forms_are_read(text: str) -> None:
    """The date of RFC 9110 section 5.6.7 is read in its three forms."""
    assert parse_http_date(text) == NOVEMBER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 36 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 28:49:37 GMT",
        "1994-11-06T08:49:37Z",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    """A date that cannot be read counts as not sent."""
    assert parse_http_date(text) is None


@given(st.integers(min_value=0, max_value=253_402_300_799))
def test_written_date_is_read_back(seconds: int) -> None:
    """Every second until the year 9999 survives being written and read."""
    assert parse_http_date(http_date(seconds)) == seconds
