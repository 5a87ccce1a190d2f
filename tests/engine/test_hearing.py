"""What the processes of an app have logged by the supervisor."""

from __future__ import annotations

import json
import logging

import pytest

from snake.engine.hearing import Hearing
from snake.fork.channel import Alive, Note


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str, object]]:
    """Return level, text and fields of each record."""
    return [(r.levelno, r.getMessage(), r.__dict__.get("fields")) for r in caplog.records]


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    """Keep records of all levels, whatever logs were opened before."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="snake")


def test_a_note_is_logged_with_its_app(caplog: pytest.LogCaptureFixture) -> None:
    """Level, text and fields are the app's; other messages are none of the log's business."""
    hearing = Hearing("main:app", isolated=False)

    hearing.hear(Note(logging.WARNING, "careful", '{"a": 1}'))
    hearing.hear(Alive())

    assert said(caplog) == [(logging.WARNING, "careful", {"a": 1, "app": "main:app"})]


@pytest.mark.parametrize("fields", ["", "[]", "1", "{", "[" * 100_000, '{"a": NaN'])
def test_fields_that_are_none_are_left_out(fields: str, caplog: pytest.LogCaptureFixture) -> None:
    """An app may write anything where its fields should be."""
    Hearing("main:app", isolated=True).hear(Note(logging.INFO, "text", fields))

    assert said(caplog) == [(logging.INFO, "text", {"app": "main:app"})]


def test_a_record_cannot_be_forged(caplog: pytest.LogCaptureFixture) -> None:
    """Names that are the server's own are not an app's to give, nor a level above error's."""
    names = ("level", "ts", "logger", "msg", "app")
    fields = json.dumps(dict.fromkeys(names, "forged"))

    Hearing("main:app", isolated=True).hear(Note(10**9, "text", fields))
    Hearing("main:app", isolated=True).hear(Note(-5, "text", fields))

    assert said(caplog) == [
        (logging.ERROR, "text", {"app": "main:app"}),
        (logging.DEBUG, "text", {"app": "main:app"}),
    ]


def test_an_isolated_app_cannot_flood_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A megabyte a second is logged; what is left out is counted, and told when there is room."""
    now = 100.0
    monkeypatch.setattr("snake.engine.hearing.monotonic", lambda: now)
    hearing = Hearing("main:app", isolated=True)

    for _ in range(30):
        hearing.hear(Note(logging.INFO, "x" * 100_000, "{}"))
    assert len(caplog.records) == 10

    now += 1
    hearing.hear(Note(logging.INFO, "quiet", "{}"))
    assert [text for _, text, _ in said(caplog)][10:] == [
        "an app logs too much; some was left out",
        "quiet",
    ]
    assert said(caplog)[10][2] == {"app": "main:app", "records": 20}
