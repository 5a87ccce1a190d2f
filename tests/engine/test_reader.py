"""Reading apart: the result, and every way to fail, cross the process border."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

import pytest

from snake.config.admin import Admin
from snake.config.document import Document
from snake.core.errors import SnakeError
from snake.engine.loaded import Loaded
from snake.engine.reader import Answer, BrokenError, Load, Reader, loading


def reader(load: Load) -> Reader:
    """Return a reader that loads so, and has been asked."""
    made = Reader(lambda: loading(load))
    made.ask("Caddyfile", None)
    return made


def test_the_document_arrives() -> None:
    """What is loaded in the other process is returned in this one."""

    def load(config: str | None, adapter: str | None) -> Loaded:
        return Loaded(Document(admin=Admin(listen=f"{config} {adapter}")))

    assert reader(load).result().document == Document(admin=Admin(listen="Caddyfile None"))


def test_an_error_of_the_user_arrives_as_one() -> None:
    """A `SnakeError` keeps its message, whatever its kind."""

    def load(config: str | None, adapter: str | None) -> Loaded:
        raise SnakeError(f"{config}:1: wrong {adapter}\n    é\n    ^")

    with pytest.raises(SnakeError, match="Caddyfile:1: wrong None\n    é\n"):
        reader(load).result()


def test_a_bug_arrives_with_its_traceback() -> None:
    """Any other exception is a bug, and its traceback is not lost."""

    def broken() -> Callable[[bytes], Answer]:
        raise ZeroDivisionError("inside")

    made = Reader(broken)
    made.ask(None, None)
    with pytest.raises(BrokenError, match="ZeroDivisionError: inside"):
        made.result()


def test_a_reader_that_dies_is_noticed() -> None:
    """A process that ends without a word is an error, and nobody waits for it."""
    with pytest.raises(BrokenError, match="reader died"):
        reader(lambda *_: os._exit(1)).result()


def test_what_is_logged_there_is_logged_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning of the adapter is the supervisor's to print."""
    here: list[logging.LogRecord] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            here.append(record)

    def load(*_: str | None) -> Loaded:
        logging.getLogger("snake").warning("odd", extra={"fields": {"line": 3}})
        return Loaded(Document())

    logger = logging.getLogger("snake")
    monkeypatch.setattr(logger, "handlers", [Handler()])
    monkeypatch.setattr(logger, "disabled", False)
    reader(load).result()

    assert [(record.getMessage(), vars(record)["fields"]) for record in here] == [
        ("odd", {"line": 3})
    ]
