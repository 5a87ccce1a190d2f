"""The folder of a server's own sockets: private, and gone with the server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from snake.core.errors import StartError
from snake.engine.folder import PrivateFolder


@pytest.fixture(autouse=True)
def temp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files of the test's own, with a name that is short enough."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def test_others_may_use_what_was_opened_and_see_nothing_else() -> None:
    """A file has a second name, in a folder that can be entered but not listed."""
    folder = PrivateFolder()
    (folder.path / "secret").write_text("x")
    (folder.path / "door").write_text("y")
    link = folder.opened("door")

    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert link.read_text() == "y"
    assert folder.opened("door") == link
    assert [each.name for each in link.parent.iterdir()] == ["door"]
    assert {each.stat().st_mode & 0o777 for each in (link.parent, link.parent.parent)} == {0o711}
    folder.close()
    assert not link.parent.exists()


def test_what_a_killed_server_left_is_removed_by_the_next() -> None:
    """Both folders, and those of servers that run are left alone."""
    killed, running = PrivateFolder(), PrivateFolder()
    left = [killed.path, running.path]
    for folder in (killed, running):
        (folder.path / "door").touch()
        left.append(folder.opened("door"))
    os.close(killed._lock)  # noqa: SLF001  (as the end of a process does)
    following = PrivateFolder()

    assert following.path.exists()
    assert [path.exists() for path in left] == [False, True, False, True]
    following.close()
    running.close()


def test_a_folder_of_somebody_else_is_not_used(temp: Path) -> None:
    """Whoever has put a link there in advance is not followed."""
    (temp / "elsewhere").mkdir()
    (temp / f"snake-{os.getuid()}-open").symlink_to(temp / "elsewhere")
    folder = PrivateFolder()
    (folder.path / "door").touch()

    with pytest.raises(StartError, match="is not a folder of this user"):
        folder.opened("door")
    folder.close()
