"""Placeholders that are known without a request."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from snake.core.surroundings import surrounding


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
    assert isinstance(value("time.now.unix"), int)
    assert surrounding("http.request.host") is None
