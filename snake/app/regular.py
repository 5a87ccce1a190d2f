"""Regular: reading small files where somebody else may put something else at any moment.

A server that reads a file in a tenant's folder could be kept waiting by a pipe, fed for ever
by a device, or led to another tenant's file by a link.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LARGEST = 1024 * 1024
"""Bytes of the largest file that is read."""
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class OutsideError(OSError):
    """The file is not where it should be."""


def read_regular(path: Path, within: Path | None = None) -> bytes:
    """Return what is in a file. Raises `OSError`, and `OutsideError` if it is not below `within`.

    What counts is the file that was opened, and not what its path says before or after.
    """
    fd = os.open(path, _FLAGS)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "It is no file but a pipe or a device", str(path))
        if status.st_size > LARGEST:
            raise OSError(errno.EFBIG, f"It is larger than {LARGEST // 1024} KiB", str(path))
        if within is not None and not _opened(fd, path).is_relative_to(within):
            raise OutsideError(errno.EACCES, "It is elsewhere", str(path))
        return file.read(LARGEST)


def _opened(fd: int, path: Path) -> Path:
    """Return where the opened file is, links followed; Linux alone can say it."""
    try:
        return Path(f"/proc/self/fd/{fd}").readlink()
    except OSError:
        return path.resolve()
