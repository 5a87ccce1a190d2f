"""Overwrite a file so that a reader finds the old text or the new one, and nothing between."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV}
"""Why a file that can be written to may have no other in its place: a closed folder, a mount."""


def overwrite(name: str, data: bytes) -> None:
    """Give a file that exists new text. Raises `OSError`.

    A new file takes its place, its mode and its owner; a symlink still leads
    there. A device, a file of several names, and one that no other may take the
    place of, are written to.
    """
    path = Path(name).resolve()
    # A file that may not be written to is not replaced either.
    with open(os.open(path, os.O_WRONLY), "wb") as file:  # noqa: PTH123  (keeps the text)
        status = os.fstat(file.fileno())
        if _replaced(path, data, status):
            return
        file.write(data)
        if stat.S_ISREG(status.st_mode):
            file.truncate()


def _replaced(path: Path, data: bytes, status: os.stat_result) -> bool:
    """Put a new file in the place of another, if one can be there."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return False
    try:
        _replace(path, data, status)
    except OSError as error:
        if error.errno not in _IN_PLACE:
            raise
        return False
    return True


def _replace(path: Path, data: bytes, status: os.stat_result) -> None:
    fd, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(fd, "wb") as file:  # noqa: PTH123  (a descriptor)
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(fd, status.st_uid, status.st_gid)
            os.fchmod(fd, stat.S_IMODE(status.st_mode))
            file.write(data)
            file.flush()
            os.fsync(fd)
        os.replace(fresh, path)  # noqa: PTH105  (mkstemp returns a string)
    except BaseException:
        with suppress(OSError):
            os.unlink(fresh)  # noqa: PTH108
        raise
