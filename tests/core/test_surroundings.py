"""Placeholders that are known without a request."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from snake.core.surroundings import PlaceholderError, fill, surrounding


def value(name: str) -> object:
    """Return the value of a placeholder that is known."""
    get = surrounding(name)
    assert get is not None
    return get()


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, files, the machine and the time are known, and nothing else."""
    monkeypatch.setenv("SNAKE_TEST_WORD", "x")
    (tmp_path / "a").write_text("two\nlines\n")

    assert value("env.SNAKE_TEST_WORD") == "x"
    assert value("env.SNAKE_TEST_NONE") == ""
    assert value(f"file.{tmp_path}/a") == "two\nlines"
    assert value(f"file.{tmp_path}/b") == ""
    assert value("system.hostname") == socket.gethostname()
    assert value("system.slash") == os.sep
    assert str(value("time.now.unix")).isdigit()
    assert surrounding("http.request.host") is None


def test_text_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Placeholders in a text have their values; without a value it is no text at all."""
    monkeypatch.setenv("SNAKE_TEST_WORD", "x")

    assert fill("/{env.SNAKE_TEST_WORD}/a.{env.SNAKE_TEST_WORD}") == "/x/a.x"
    with pytest.raises(PlaceholderError, match="unrecognized placeholder"):
        fill("{http.request.host}")
    with pytest.raises(PlaceholderError, match="NO} is empty"):
        fill("{env.SNAKE_TEST_NO}.log")
