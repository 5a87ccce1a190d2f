"""Files that get new text."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from snake.core.overwrite import overwrite


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with some text."""
    path = tmp_path / "file"
    path.write_text("the old text, which is longer")
    return path


def test_a_new_file_takes_the_place(file: Path) -> None:
    """Who has the old one open reads the old text to its end; nothing else is left there."""
    with file.open() as reader:
        overwrite(str(file), b"new")

        assert reader.read() == "the old text, which is longer"
    assert file.read_text() == "new"
    assert os.listdir(file.parent) == ["file"]  # noqa: PTH208  (names)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755])
def test_mode_stays(file: Path, mode: int) -> None:
    """Whatever the process's umask is."""
    file.chmod(mode)

    overwrite(str(file), b"new")

    assert file.stat().st_mode & 0o7777 == mode


def test_symlink_stays(file: Path, tmp_path: Path) -> None:
    """The file that it leads to has the new text."""
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder/link"
    link.symlink_to("../file")

    overwrite(str(link), b"new")

    assert link.is_symlink()
    assert file.read_text() == "new"


def test_file_of_two_names_keeps_both(file: Path, tmp_path: Path) -> None:
    """It is written to."""
    (tmp_path / "other").hardlink_to(file)

    overwrite(str(file), b"new")

    assert (tmp_path / "other").read_text() == "new"


def test_device_is_written_to() -> None:
    """Nothing takes the place of what is not a file."""
    overwrite("/dev/null", b"new")

    assert Path("/dev/null").is_char_device()


def _failing(number: int) -> object:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EBUSY, errno.EROFS])
@pytest.mark.parametrize("step", ["tempfile.mkstemp", "os.replace"])
def test_file_that_cannot_be_replaced_is_written_to(
    file: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    """A mounted file cannot, nor one in a folder that one may not write to."""
    monkeypatch.setattr(step, _failing(number))

    overwrite(str(file), b"new")

    assert file.read_text() == "new"
    assert os.listdir(file.parent) == ["file"]  # noqa: PTH208


@pytest.mark.parametrize("step", ["tempfile.mkstemp", "os.fsync", "os.replace"])
def test_failure_leaves_the_old_text(
    file: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A full disk loses nothing and leaves nothing behind."""
    monkeypatch.setattr(step, _failing(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        overwrite(str(file), b"new")

    assert file.read_text() == "the old text, which is longer"
    assert os.listdir(file.parent) == ["file"]  # noqa: PTH208


def test_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """There is nothing to overwrite."""
    with pytest.raises(FileNotFoundError):
        overwrite(str(tmp_path / "nope"), b"new")

    assert not (tmp_path / "nope").exists()
