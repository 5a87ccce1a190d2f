"""Loading apart: the result, and every way to fail, cross the process border."""

from __future__ import annotations

import os

import pytest

from snake.cli.loading import BrokenError, Loading
from snake.config.document import Document
from snake.core.errors import SnakeError


def test_the_document_arrives() -> None:
    """What the function returns in the other process is returned in this one."""
    assert Loading(Document).result() == Document()


def test_an_error_of_the_user_arrives_as_one() -> None:
    """A `SnakeError` keeps its message, whatever its kind."""

    def load() -> Document:
        raise SnakeError("Caddyfile:1: wrong\n    é\n    ^")

    with pytest.raises(SnakeError, match="Caddyfile:1: wrong\n    é\n"):
        Loading(load).result()


def test_a_bug_arrives_with_its_traceback() -> None:
    """Any other exception is a bug, and its traceback is not lost."""

    def broken() -> Document:
        raise ZeroDivisionError("inside")

    with pytest.raises(BrokenError, match="ZeroDivisionError: inside"):
        Loading(broken).result()


def test_a_reader_that_dies_is_noticed() -> None:
    """A process that ends without a word is an error, and nobody waits for it."""
    with pytest.raises(BrokenError, match="reader died"):
        Loading(lambda: os._exit(1)).result()
