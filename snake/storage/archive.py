"""A storage as a tar archive, in the format of `caddy storage export`."""

from __future__ import annotations

import io
import os
import tarfile
from typing import BinaryIO

from snake.storage.checked_key import checked
from snake.storage.keys import LOCKS
from snake.storage.redis_value import LARGEST
from snake.storage.storage import MissingError, Storage, StorageError

MOST = 1_000_000
"""Values in one archive."""
_MODE = 0o600
_END = bytes(1024)
"""Two empty blocks are the end of an archive; without them a part of it is missing."""


async def write_archive(storage: Storage, file: BinaryIO) -> int:
    """Write all values of a storage into a file; return how many there are.

    Locks are none: who imports them would wait for holders that do not exist. Raises
    `StorageError`, and `OSError` when the file cannot be written.
    """
    written = 0
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for key in await storage.list("", recursive=True):
            if _is_lock(key):
                continue
            try:
                info, value = await storage.stat(key), await storage.load(key)
            except MissingError:  # deleted meanwhile
                continue
            member = tarfile.TarInfo(key)
            member.mode, member.size, member.mtime = _MODE, len(value), round(info.modified)
            archive.addfile(member, io.BytesIO(value))
            written += 1
    return written


async def read_archive(storage: Storage, file: BinaryIO) -> int:
    """Put all values of an archive into a storage; return how many there are.

    `file` can be sought in: all is checked before the first value is stored. Raises
    `StorageError`.
    """
    try:
        members = _members(file)
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in members:
                content = archive.extractfile(member)
                assert content is not None  # noqa: S101  (it is a file, which was checked)
                await storage.store(member.name, content.read())
    except (tarfile.TarError, ValueError, OSError) as error:
        raise StorageError(f"the archive cannot be read: {error}") from None
    return len(members)


def _members(file: BinaryIO) -> list[tarfile.TarInfo]:
    """Return what is in an archive that a storage takes. Raises `StorageError` for what else is."""
    found: list[tarfile.TarInfo] = []
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for member in archive:
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise StorageError(f"the archive has something that is no file: {member.name!r}")
            if member.size > LARGEST:
                raise StorageError(f"{member.name!r} in the archive is larger than a value may be")
            if len(found) >= MOST:
                raise StorageError(f"the archive has more than {MOST} values")
            if not _is_lock(checked(member.name)):
                found.append(member)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - len(_END), 0))
    if file.read() != _END:
        raise StorageError("the archive is cut off: its end is missing")
    file.seek(0)
    return found


def _is_lock(key: str) -> bool:
    return key.startswith(f"{LOCKS}/")
