"""The folder of this server's own sockets: private, and gone when the server is.

`<temp>/snake-<user>/run-<pid>-<random>` is locked as long as its server runs. What a server
left behind that was killed is removed by the next.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from snake.core.errors import StartError

_PRIVATE = 0o700
_OPEN = 0o711
_LOCK = "lock"
_LONGEST = 40
"""Bytes of a folder's name, of the 107 of a socket's (unix(7)), that leave enough for the rest."""


class PrivateFolder:
    """A folder that only this user can enter. `path` is made when it is first asked for."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock = -1

    @property
    def path(self) -> Path:
        """The folder. Raises `StartError` when it cannot be made."""
        if self._path is None:
            try:
                self._path = self._make()
            except OSError as error:
                raise StartError(f"cannot make a folder for sockets: {error}") from None
        return self._path

    def opened(self, name: str) -> Path:
        """Return another name of a file in it, for users who cannot enter here.

        It is a link in a folder that can be entered but not listed. Raises `StartError`.
        """
        try:
            folder = _open_folder(self.path)
            folder.parent.mkdir(_OPEN, exist_ok=True)
            _check(folder.parent, _OPEN)
            folder.mkdir(_OPEN, exist_ok=True)
            folder.chmod(_OPEN)
            link = folder / name
            if not link.exists():
                os.link(self.path / name, link)
        except OSError as error:
            raise StartError(f"cannot make a folder for sockets: {error}") from None
        return link

    def close(self) -> None:
        """Remove it, and what is in it."""
        if self._path is not None:
            _remove(self._path)
            os.close(self._lock)
            self._path = None

    def _make(self) -> Path:
        base = _temporary() / f"snake-{os.getuid()}"
        base.mkdir(_PRIVATE, exist_ok=True)
        _check(base, _PRIVATE)
        _remove_stale(base)
        path = Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=base))
        self._lock = _locked(path)
        return path


def meeting_place(folder: Path) -> Path:
    """Return where in a private folder the workers' sockets for HTTP/3 find each other."""
    place = folder / "quic"
    place.mkdir(_PRIVATE, exist_ok=True)
    return place


def _temporary() -> Path:
    """Return the folder of temporary files; /tmp if its name is too long for those of sockets."""
    folder = Path(tempfile.gettempdir())
    return folder if len(os.fsencode(folder)) <= _LONGEST else Path("/tmp")  # noqa: S108


def _open_folder(path: Path) -> Path:
    """Return the place of what others may use, beside a private folder."""
    return path.parent.with_name(f"{path.parent.name}-open") / path.name


def _remove(path: Path) -> None:
    """Remove a private folder, and what was opened of it."""
    opened = _open_folder(path)
    with suppress(OSError, StartError):
        _check(opened.parent, _OPEN)
        shutil.rmtree(opened)
    shutil.rmtree(path, ignore_errors=True)


def _check(folder: Path, mode: int) -> None:
    """Refuse a folder that somebody else has put there. Raises `StartError`."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise StartError(f"{folder} is not a folder of this user; remove it")
    if stat.S_IMODE(status.st_mode) != mode:
        folder.chmod(mode)


def _locked(folder: Path) -> int:
    """Lock a folder, and return the descriptor that holds the lock. Raises `OSError`."""
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def _remove_stale(base: Path) -> None:
    """Remove the folders whose servers are gone."""
    for folder in base.glob("run-*"):
        with suppress(OSError):
            lock = _locked(folder)
            _remove(folder)
            os.close(lock)
