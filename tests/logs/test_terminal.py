"""Lines for a person at a terminal."""

from __future__ import annotations

import logging
import re

import pytest

from snake.logs.encoders import Record
from snake.logs.terminal import TerminalLines

NOON = 1_700_000_000.125


def plain(level: int, logger: str, message: str, **fields: object) -> str:
    """Return a line without its time and its colours."""
    line = TerminalLines().encode(Record(level, NOON, logger, message, fields)).decode()
    return re.sub(r"\x1b\[\d+m", "", line)[len("12:00:00.000 ") :]


def test_a_record_is_level_message_and_pairs() -> None:
    """Names and values stand as `name=value`; a text with spaces is quoted."""
    line = plain(logging.INFO, "http", "server running", name="srv0", why="one for each CPU", n=[1])

    assert line == 'INFO  http server running name=srv0 why="one for each CPU" n=[1]\n'


def test_a_request_is_a_short_line() -> None:
    """A request is its status, what was asked, and what it took."""
    request = {"method": "GET", "host": "a.test", "uri": "/x?y", "remote_ip": "10.0.0.1"}
    line = plain(
        logging.INFO,
        "http.log.access",
        "handled request",
        request=request,
        status=404,
        size=20_700,
        duration=0.0123,
    )

    assert line == "404   GET a.test/x?y 20.7 kB in 12.3 ms to 10.0.0.1\n"


def test_the_status_has_a_colour() -> None:
    """Success is green, an error of the server red."""
    request = {"method": "GET", "host": "a", "uri": "/", "remote_ip": "::1"}
    lines = [
        TerminalLines().encode(
            Record(20, NOON, "", "handled request", {"request": request, "status": status})
        )
        for status in (200, 500)
    ]

    assert b"\x1b[32m200" in lines[0]
    assert b"\x1b[31m500" in lines[1]


def test_a_client_cannot_move_the_cursor() -> None:
    """Control characters in what a client sent are escaped (CWE-117)."""
    request = {"method": "GET", "host": "a", "uri": "/\x1b[2J\nINFO fake", "remote_ip": "::1"}
    line = plain(20, "", "handled request", request=request, status=200)

    assert "\x1b" not in line
    assert line.count("\n") == 1


def test_a_traceback_stands_below() -> None:
    """A traceback keeps its lines."""
    line = plain(logging.ERROR, "python", "app failed", stacktrace="Traceback:\n  here\n")

    assert line == "ERROR python app failed\nTraceback:\n  here\n"


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR set there is no escape sequence at all."""
    monkeypatch.setenv("NO_COLOR", "1")

    assert b"\x1b" not in TerminalLines().encode(Record(20, NOON, "http", "hello", {"a": 1}))
