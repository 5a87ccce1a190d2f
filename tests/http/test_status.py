"""Facts about status codes in configs."""

from __future__ import annotations

import pytest

from snake.http.errors import HandlerError
from snake.http.request import Request
from snake.http.status import Status, is_status, status_filler, status_json

REQUEST = Request({"query_string": b"c=404", "headers": []}, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "json"),
    [
        ("404", 404),
        ("040", 40),
        ("+12", 12),
        ("-5", -5),
        ("true", True),
        ("2.5", "2.5"),
        ("{x}", "{x}"),
        ("", ""),
        ("99999999999999999999", "99999999999999999999"),
    ],
)
def test_json(text: str, json: Status) -> None:
    """A number is a number in JSON, anything else is text."""
    assert status_json(text) == json


@pytest.mark.parametrize(
    ("text", "expected"),
    [("404", True), ("099", True), ("+12", True), ("000", False), ("-12", False), ("4xx", False)],
)
def test_lone_argument(text: str, expected: bool) -> None:  # noqa: FBT001
    """Three characters that are a positive number are a status."""
    assert is_status(text) is expected


@pytest.mark.parametrize(
    ("status", "expected"), [(404, 404), ("599", 599), ("{http.request.uri.query.c}", 404)]
)
def test_filled(status: Status, expected: int) -> None:
    """A status may be a number, text, or a placeholder."""
    assert status_filler(status)(REQUEST) == expected


@pytest.mark.parametrize("status", [99, 1000, True, 2.5, "x", "{nope}"])
def test_no_status(status: Status) -> None:
    """What is no number of three digits fails with 500 when it is needed."""
    fill = status_filler(status)

    with pytest.raises(HandlerError) as error:
        fill(REQUEST)

    assert error.value.status == 500
