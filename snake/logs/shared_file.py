"""The file of a log, which several processes write to and any of them may roll.

A write holds a shared lock of the file and checks that the path still names it, so nobody
writes to what has become a backup; who finds it too large takes the lock alone, looks again,
renames it, and makes the next one. A file that somebody else has moved or deleted is made
anew. Source of when and how: https://github.com/DeRuina/timberjack, which Caddy uses.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from snake.core.record import Record
from snake.logs.backups import Backups
from snake.logs.locks import lock, unlock
from snake.logs.trouble import Trouble, complain
from snake.logs.writers import Writer

MEBIBYTE = 1 << 20

_ATTEMPTS = 5
"""How often a write begins anew, as others roll the file meanwhile."""
_PATIENCE = 0.05
"""Seconds that a write waits to have the file alone, before it puts the rolling off."""
_PUT_OFF = 10.0
"""Seconds before a file that could not be rolled is tried again."""


class Place(Record):
    """Where a log is, and how it is made."""

    path: Path
    mode: int
    dir_mode: int
    is_mode_given: bool = False

    def open(self) -> int:
        """Open the file to append to it; make it if it is not there. Raises `OSError`."""
        missing = [each for each in self.path.parents if not each.exists()]
        for folder in reversed(missing):
            folder.mkdir(self.dir_mode, exist_ok=True)
        return self._opened()

    def open_next(self, before: os.stat_result) -> int:
        """Make the file that follows another, for the same users. Raises `OSError`."""
        fd = self._opened()
        with suppress(OSError, AttributeError):
            os.fchmod(fd, self.mode if self.is_mode_given else stat.S_IMODE(before.st_mode))
        with suppress(OSError, AttributeError):
            os.fchown(fd, before.st_uid, before.st_gid)
        return fd

    def _opened(self) -> int:
        flags = os.O_APPEND | os.O_CREAT
        try:
            return os.open(self.path, os.O_RDWR | flags, self.mode)
        except PermissionError:  # a file that may be written to and not read
            return os.open(self.path, os.O_WRONLY | flags, self.mode)


class SharedFile(Writer):
    """Appends to a file. Without `backups` it is never rolled, whatever its size."""

    def __init__(self, place: Place, largest: int = 0, backups: Backups | None = None) -> None:
        super().__init__(place.open(), str(place.path))
        self._trouble = Trouble(f"the log file {place.path}", str(place.path))
        self._place = place
        self._identity = _identity(self._fd)
        self._path = str(place.path)
        self._largest = largest
        self._backups = backups
        self._may_roll_at = 0.0
        self._has_complained = False
        self._is_moved = False
        self._is_cut = False
        self._is_closed = False
        self._end = 0
        """How large the file was after the last write, if nobody else wrote; then it ends well."""

    @property
    def is_terminal(self) -> bool:
        """Return that it is none."""
        return False

    def identity(self) -> tuple[int, int] | None:
        """Return what is at the path now, by device and inode."""
        with suppress(OSError):
            found = os.stat(self._path)  # noqa: PTH116  (a Path takes thrice the time)
            return found.st_dev, found.st_ino
        return None

    def let_go(self) -> None:
        """Close a file that the path no longer names: it takes room as long as it is open.

        The next line opens what is there then. A file that was only moved is kept where nothing
        can be put in its place.
        """
        with self._lock:
            if self._fd < 0 or self._size() is not None:
                return
            with suppress(OSError):
                if not os.fstat(self._fd).st_nlink or self._can_be_replaced():
                    self._leave()

    def _can_be_replaced(self) -> bool:
        path = self._place.path
        there = next(each for each in (path, *path.parents) if each.exists())
        return os.access(there, os.W_OK)

    def _leave(self) -> None:
        """Have no file open."""
        fd, self._fd, self._end = self._fd, -1, 0
        self._is_moved = self._is_cut = False
        if fd >= 0:
            os.close(fd)

    def close(self) -> None:
        """Close the file; what is written after that is lost."""
        with self._lock:
            self._leave()
            self._is_closed = True

    def roll(self, reason: str) -> bool:
        """Roll the file, unless it is empty; tell whether it was. `reason` is part of the name."""
        with self._lock, suppress(OSError):
            if self._is_closed:
                return False
            if self.identity() is None:
                return False
            if self._fd < 0 or self._size() is None:
                self._reopen()
            return self._roll(reason, 0)
        return False

    def put(self, lines: bytes) -> None:
        """Write lines, with the lock of this process held. Raises `OSError`."""
        if self._fd < 0:
            if self._is_closed:
                return
            self._reopen()
        for _ in range(_ATTEMPTS):
            is_locked, is_whole = lock(self._fd), True
            try:
                size = self._size()
                is_whole = self._ends_with_a_line(size, lines)
                if is_whole and self._may_take(lines, size):
                    self._append(lines)
                    self._end = (size or 0) + len(lines)
                    return
            finally:
                if is_locked:
                    unlock(self._fd)
            if size is None:
                self._reopen()
            elif not is_whole:
                self._end_line()
            else:
                self._roll("size", len(lines))
        self._append(lines)

    def _ends_with_a_line(self, size: int | None, lines: bytes) -> bool:
        """Tell whether lines may follow: a process that is killed may leave a part of its own.

        The system ends the write of such a process between two pages of the file.
        """
        if not size or size == self._end or not lines.endswith(b"\n"):
            return True
        try:
            return os.pread(self._fd, 1, size - 1) in (b"\n", b"")
        except (OSError, AttributeError):  # it may not be read; Windows
            return True

    def _end_line(self) -> None:
        """End the line that nobody is writing any more, if so it is."""
        if lock(self._fd, exclusive=True, patience=_PATIENCE):
            try:
                if not self._ends_with_a_line(self._size(), b"\n"):
                    os.write(self._fd, b"\n")
            finally:
                unlock(self._fd)

    def _size(self) -> int | None:
        """Return the size of the file; `None` when the path no longer names it."""
        try:
            there = os.stat(self._path)  # noqa: PTH116  (a Path takes thrice the time)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return os.fstat(self._fd).st_size
        is_ours = (there.st_ino, there.st_dev) == self._identity
        return there.st_size if is_ours else None

    def _may_take(self, lines: bytes, size: int | None) -> bool:
        if size is None:
            return self._is_moved and monotonic() < self._may_roll_at
        return not self._is_full(size, len(lines)) or monotonic() < self._may_roll_at

    def _is_full(self, size: int, more: int) -> bool:
        return bool(self._backups and size and size + more > self._largest)

    def _append(self, lines: bytes) -> None:
        if self._is_cut:
            lines = b"\n" + lines
        done = 0
        try:
            while done < len(lines):
                done += os.write(self._fd, lines[done:] if done else lines)
        except OSError:
            if done:
                self._undo(lines, done)
            raise
        self._is_cut = False

    def _undo(self, lines: bytes, done: int) -> None:
        """Take back the beginning of a line that had no room; nobody else may have gone on."""
        end = os.lseek(self._fd, 0, os.SEEK_CUR)
        self._is_cut = True
        if lock(self._fd, exclusive=True, patience=_PATIENCE):
            if os.fstat(self._fd).st_size == end:
                os.ftruncate(self._fd, end - done + lines.rfind(b"\n", 0, done) + 1)
                self._is_cut = False
            unlock(self._fd)

    def _reopen(self) -> None:
        """Open what is at the path by now; if that cannot be had, go on with what there is."""
        try:
            fd = self._place.open()
        except OSError as error:
            if self._fd < 0 or not os.fstat(self._fd).st_nlink:
                raise
            self._put_off("cannot open the log file anew; the one before is written to", error)
            self._is_moved = True
            return
        self._leave()
        self._has_complained = False
        self._fd, self._identity = fd, _identity(fd)

    def _roll(self, reason: str, more: int) -> bool:
        """Rename the file if it is too large for `more` bytes, or with 0 at any size."""
        if not lock(self._fd, exclusive=True, patience=_PATIENCE):
            self._may_roll_at = monotonic() + _PATIENCE
            return False
        try:
            size = self._size()
            if not size or self._backups is None or (more and not self._is_full(size, more)):
                return False
            before, self._fd = self._fd, self._renamed(reason, self._backups)
            self._identity, self._end = _identity(self._fd), 0
            os.close(before)  # and its lock with it
            self._has_complained = False
        except OSError as error:
            self._put_off("cannot roll the log file; it grows on", error)
            return False
        finally:
            unlock(self._fd)
        return True

    def _renamed(self, reason: str, backups: Backups) -> int:
        """Make a backup of the file, and return the next one. Raises `OSError`."""
        backup = backups.free(datetime.now(UTC), reason)
        os.rename(self._path, backup)  # noqa: PTH104
        try:
            return self._place.open_next(os.fstat(self._fd))
        except OSError:
            with suppress(OSError):
                os.link(backup, self._path)  # unlike a rename, this never replaces a file
                os.unlink(backup)  # noqa: PTH108
            raise

    def _put_off(self, message: str, error: OSError) -> None:
        if not self._has_complained:
            complain(message, file=self._path, error=error.strerror or "")
        self._has_complained = True
        self._may_roll_at = monotonic() + _PUT_OFF


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_ino, found.st_dev
