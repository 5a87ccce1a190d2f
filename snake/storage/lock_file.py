"""Lock files: certmagic's, so that Caddy and snake respect each other's on one folder.

A file that is there is a lock that is held. Its holder writes the time into it every few seconds,
so what a holder has left behind that was killed is told by its age.
Source: https://pkg.go.dev/github.com/caddyserver/certmagic#FileStorage.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from snake.storage.moments import moment, stamp

FRESHENED = 5.0
"""Seconds between two times that a holder writes."""
STALE = 2 * FRESHENED

BINARY: int = getattr(os, "O_BINARY", 0)
"""What Windows has to be told, so that bytes stay as they are."""

_LONGEST = 2048


class LockFile:
    """The file of one lock, for one that would hold it. Every method may raise `OSError`."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], int] = time.time_ns,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._now = now
        self._ticks = ticks
        self._created = ""
        self._seen: tuple[bytes | None, float] = None, 0.0
        """What was in another's file, and since when it has been the same."""

    def take(self) -> bool:
        """Make the file; return whether there was none, or only what a dead holder had left."""
        make_folder(self.path.parent)
        return self._make() or (self._cleared() and self._make())

    def refresh(self) -> bool:
        """Write the time into the file; return whether it is still this holder's."""
        try:
            file = os.open(self.path, os.O_RDWR | BINARY)
        except FileNotFoundError:
            return False
        try:
            if not self._mine(os.read(file, _LONGEST)):
                return False
            # As long as what it replaces: a full disk cannot fail it, and nobody sees a part.
            os.lseek(file, 0, os.SEEK_SET)
            os.write(file, self._content())
            os.fsync(file)
        finally:
            os.close(file)
        return True

    def release(self) -> None:
        """Remove the file, if it is this holder's."""
        with suppress(FileNotFoundError):
            if self._mine(self.path.read_bytes()):
                self.path.unlink()

    def _make(self) -> bool:
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o600)
        except FileExistsError:
            return False
        self._created = stamp(self._now())
        try:
            os.write(file, self._content())
            os.fsync(file)
        except OSError:
            self.path.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)
        return True

    def _cleared(self) -> bool:
        """Remove the file if its holder is dead; return whether nothing is in the way."""
        try:
            content = self.path.read_bytes()[:_LONGEST]
            touched = self.path.stat().st_mtime
        except FileNotFoundError:
            return True
        if content != self._seen[0]:
            self._seen = content, self._ticks()
        # One without a time is being written, or was when its holder was killed.
        age = self._now() / 1e9 - (updated(content) or touched)
        # A clock that was set back makes a dead holder's time one to come.
        if max(age, self._ticks() - self._seen[1]) <= STALE:
            return False
        # Only one of several that do this moves the file, and it may be another's by now.
        aside = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        try:
            self.path.rename(aside)
        except FileNotFoundError:
            return True
        try:
            if aside.read_bytes() != content:
                with suppress(FileExistsError):
                    os.link(aside, self.path)
                return False
        finally:
            aside.unlink()
        return True

    def _mine(self, content: bytes) -> bool:
        times = _times(content)
        return times is not None and bool(self._created) and times.get("created") == self._created

    def _content(self) -> bytes:
        times = {"created": self._created, "updated": stamp(self._now())}
        return json.dumps(times, separators=(",", ":")).encode() + b"\n"


def make_folder(path: Path) -> None:
    """Make a folder that is only for its owner, and those above it. Raises `OSError`."""
    if not path.is_dir():
        make_folder(path.parent)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            if not path.is_dir():  # another process may have made it
                raise NotADirectoryError(errno.ENOTDIR, f"{path} is no folder") from None


def updated(content: bytes) -> float | None:
    """Return when the holder last wrote, in seconds since the epoch; `None` if that is not told."""
    times = _times(content) or {}
    for name in ("updated", "created"):
        with suppress(ValueError):
            return moment(str(times.get(name)))
    return None


def _times(content: bytes) -> dict[str, object] | None:
    try:
        times = json.loads(content)
    except ValueError:
        return None
    return times if isinstance(times, dict) else None
