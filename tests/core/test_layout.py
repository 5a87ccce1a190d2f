"""Go's layouts of time: what they write, and that they read it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from snake.core.layout import layout

MOMENT = datetime(2026, 3, 5, 14, 7, 9, 45_600, timezone(timedelta(hours=5, minutes=30), "IST"))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2006-01-02T15:04:05Z07:00", "2026-03-05T14:07:09+05:30"),
        ("2006-01-02T15-04-05.000", "2026-03-05T14-07-09.045"),
        ("06/1/2 3:4:5.999999 pm", "26/3/5 2:7:9.0456 pm"),
        ("Monday, Jan _2 2006 at 03PM", "Thursday, Mar  5 2026 at 02PM"),
        ("Mon January 02 15.04,000000000", "Thu March 05 14.07,045600000"),
        ("002 __2 MST -0700 -07 Z0700", "064  64 IST +0530 +05 +0530"),
        ("15.04.05", "14.07.09"),
        ("month", "month"),
    ],
)
def test_moments_are_written_as_the_reference_is(text: str, written: str) -> None:
    """Each part of the reference time stands for that part of the moment."""
    assert layout(text).write(MOMENT) == written
    assert layout(text).is_constant == (text == "month")


@pytest.mark.parametrize(
    "text",
    [
        *("2006-01-02T15-04-05.000", "2006-01-02T15:04:05Z07:00", "Jan _2 06 03:04:05pm"),
        *("2006 002 15:04:05", "January 2, 2006 3:4:5.999 PM"),
    ],
)
def test_what_was_written_is_read(text: str) -> None:
    """A layout with all parts down to a second reads what it writes."""
    assert layout(text).reads_what_it_writes()
    written = layout(text).write(datetime(2026, 12, 31, 0, 0, 1, tzinfo=UTC))
    assert layout(text).read(written) == datetime(2026, 12, 31, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2006-01-02", "15:04:05", "2006-01-02 03:04:05", "x", "2006 2006"]
)
def test_layouts_that_lose_a_part(text: str) -> None:
    """One that leaves a part out, or has it twice, does not read what it writes."""
    assert not layout(text).reads_what_it_writes()


def test_what_has_another_form_is_not_read() -> None:
    """Neither is a day that there is not."""
    assert layout("2006-01-02").read("2026-02-30") is None
    assert layout("2006-01-02").read("26-02-03") is None
