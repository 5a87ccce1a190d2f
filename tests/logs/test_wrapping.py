"""Encoders in encoders: append and journald, and what is inside when nothing is said."""

from __future__ import annotations

import json
import logging

import pytest

from snake.logs.encoders import ConsoleLines, JSONLines, Look, Record
from tests.logs.test_filter import encoder
from tests.logs.wording import log, refusal

RECORD = Record(logging.WARNING, 0.0, "http", "odd", {"a": 1})


def test_append_tells_numbers_from_text() -> None:
    """Values are read as `vars` reads them; a block of fields may stand around them."""
    appended = log('format append {\nwrap json\na 1\nfields {\nb 2.50\nc true\n}\nd "1"\na 5\n}')[
        "encoder"
    ]

    assert appended == {
        "format": "append",
        "wrap": {"format": "json"},
        "fields": {"a": 5, "b": 2.5, "c": True, "d": "1"},
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("format append {\na\n}", "a takes a value, got 0"),
        ("format append {\na 1 2\n}", "a takes a value, got 2"),
        ("format append {\na 1 {\n}\n}", "a takes no block"),
        ("format append {\nwrap\n}", "wrap takes the name of a module"),
        ("format journald now", "journald takes no argument, got now"),
        ("format journald {\nwarp json\n}", 'did you mean "wrap"'),
        ("format json pretty", "json takes no argument, got pretty"),
        ("format json {\ntime_key\n}", "time_key takes one argument, got 0"),
        ("format console {\ntime_local yes\n}", "time_local takes no argument, got yes"),
        ("format console {\ntime_fromat wall\n}", 'did you mean "time_format"'),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    assert message in refusal(lines)


async def test_append_adds_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lone placeholder that needs no request is looked up; other text is as it stands."""
    monkeypatch.setenv("SNAKE_TEST_HOST", "web-1")
    values = {"b": "{env.SNAKE_TEST_HOST}", "c": "in {env.X}", "d": "{http.request.host}", "a": 2}
    lines = await encoder(format="append", fields=values)

    record = json.loads(lines.encode(RECORD))

    assert {name: record[name] for name in "abcd"} == {
        "a": 2,
        "b": "web-1",
        "c": "in {env.X}",
        "d": None,
    }


@pytest.mark.parametrize(
    ("level", "prefix"),
    [
        (logging.CRITICAL, b"<2>"),
        (logging.ERROR, b"<3>"),
        (logging.WARNING, b"<4>"),
        (logging.INFO, b"<6>"),
        (logging.DEBUG, b"<7>"),
    ],
)
async def test_journald_writes_priorities(level: int, prefix: bytes) -> None:
    """Each line begins with the number that systemd has for its level."""
    lines = await encoder(format="journald")

    line = lines.encode(RECORD._replace(level=level))

    assert line.startswith(prefix + b'{"level":')


async def test_the_journals_console_has_no_time() -> None:
    """The journal knows the time; JSON keeps it, also deeper inside."""
    console = {"format": "console", "level_format": "upper"}
    inside = {"format": "append", "fields": {"b": 2}, "wrap": console}

    line = (await encoder(format="journald", wrap=inside)).encode(RECORD)

    assert line == b'<4>WARN\thttp\todd\t{"a": 1, "b": 2}\n'
    assert b'"ts"' in (await encoder(format="journald", wrap={"format": "json"})).encode(RECORD)


async def test_inside_is_what_the_log_would_have() -> None:
    """An encoder that wraps none writes as the log does without it; one that is named stays."""
    console = ConsoleLines(Look(float, {logging.WARNING: "WARN"}))
    nested = await encoder(format="filter", wrap={"format": "append", "fields": {"b": 2}})
    fixed = await encoder(format="append", wrap={"format": "json"})

    assert nested.encode(RECORD).startswith(b"{")
    assert nested.with_default(console).encode(RECORD).startswith(b"0.0\tWARN\t")
    assert fixed.with_default(console).encode(RECORD).startswith(b"{")
    assert JSONLines().with_default(console).encode(RECORD).startswith(b"{")


async def test_console_can_leave_parts_out() -> None:
    """An empty key drops its column, and the line ends as it is told to."""
    keys = {"time_key": "", "level_key": "", "name_key": "", "line_ending": "!"}

    assert (await encoder(format="console", **keys)).encode(RECORD) == b'odd\t{"a": 1}!'
