"""Lines: JSON as zap writes it, and the console's."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from snake.logs.encoders import ConsoleLines, Encoder, JSONLines, Look, Record

PLAIN = {logging.INFO: "INFO", logging.ERROR: "ERROR"}


def record(message: str = "hello", logger: str = "http", **fields: object) -> Record:
    """Return a record of a fixed time."""
    return Record(logging.INFO, 1_700_000_000.125, logger, message, fields)


def console() -> Encoder:
    """Return a console encoder without colours, its times plain numbers."""
    return ConsoleLines(Look(float, PLAIN))


def test_json_has_the_four_keys_then_the_fields() -> None:
    """The order of keys is zap's: level, ts, logger, msg, then the fields as given."""
    line = JSONLines().encode(record(size=2, status=200))
    assert line == (
        b'{"level":"info","ts":1700000000.125,"logger":"http","msg":"hello",'
        b'"size":2,"status":200}\n'
    )


def test_the_root_logger_has_no_logger_key() -> None:
    """A record of the root logger has no `logger`, as in Caddy."""
    assert b"logger" not in JSONLines().encode(record(logger=""))


def test_keys_can_be_renamed_and_left_out() -> None:
    """`keys` renames the standard keys; an empty name drops one."""
    line = JSONLines(keys={"ts": "", "msg": "message"}).encode(record())
    assert json.loads(line) == {"level": "info", "logger": "http", "message": "hello"}


def test_the_console_writes_tabs_and_json_fields() -> None:
    """The console is time, level, logger, message and the fields, with zap's spacing."""
    line = console().encode(record(request={"uri": "/"}, status=200))
    expected = '1700000000.125\tINFO\thttp\thello\t{"request": {"uri": "/"}, "status": 200}\n'
    assert line.decode() == expected


def test_a_traceback_stands_below_the_line_on_the_console() -> None:
    """On the console a traceback keeps its lines; in JSON it is a field."""
    entry = record(error="ValueError: x", stacktrace="Traceback:\n  File a\nValueError: x\n")
    assert console().encode(entry).decode() == (
        '1700000000.125\tINFO\thttp\thello\t{"error": "ValueError: x"}\n'
        "Traceback:\n  File a\nValueError: x\n"
    )
    assert json.loads(JSONLines().encode(entry))["stacktrace"].startswith("Traceback:\n")


HOSTILE = ["a\nb", "a\r\nb", "\x1b[31mred", "\x9b31m", "\x7f", "\x00", "\u2028", "\ud800"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_from_outside_makes_a_line_or_an_escape_sequence(text: str) -> None:
    """Control characters in messages and fields are escaped by both encoders (CWE-117)."""
    for encoder in (console(), JSONLines()):
        for entry in (
            record(text),
            record(uri=text),
            record(headers={text: 1}),
            record(logger=text),
        ):
            line = encoder.encode(entry)
            assert line.count(b"\n") == 1
            assert line.endswith(b"\n")
            assert not {0, 13, 27, 127} & set(line)
            assert b"\xc2\x9b" not in line


def test_a_traceback_cannot_send_escape_sequences() -> None:
    """What an exception says is escaped too; only its line breaks are kept."""
    line = console().encode(record(stacktrace="a\x1b[2J\nb\x9b"))
    assert line.endswith(b"a\\u001b[2J\nb\\u009b\n")


def test_values_that_json_has_not_become_text() -> None:
    """Bytes, exceptions and other objects in fields are written as text."""
    for encoder in (console(), JSONLines()):
        line = encoder.encode(record(error=ValueError("no"), where=Path("/x"), keys={1: 2}))
        assert b'"no"' in line
        assert b'"/x"' in line


def test_json_has_a_replacement_for_each_byte_that_is_no_text() -> None:
    """What came as other bytes than UTF-8 is U+FFFD in the line, and the rest is as usual."""
    came = b"\xe9\xe2\x82x \xc3\xa9".decode("utf-8", "surrogateescape")
    line = JSONLines().encode(record(x=came))
    assert line.endswith('"msg":"hello","x":"\\ufffd\\ufffd\\ufffdx é"}\n'.encode())
