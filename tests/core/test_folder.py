"""The folder in which relative paths begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.core.folder import Start


def test_relative_path_is_left_alone_at_first() -> None:
    """Until a folder is kept, a path means what it means to the system."""
    assert Start().path("static/a.txt") == "static/a.txt"


def test_relative_path_begins_in_the_kept_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path keeps its meaning when the process goes elsewhere; an absolute one has it."""
    monkeypatch.chdir(tmp_path)
    start = Start()
    start.keep()
    monkeypatch.chdir("/")

    assert start.path("static/a.txt") == f"{tmp_path}/static/a.txt"
    assert start.path("/etc/hosts") == "/etc/hosts"
