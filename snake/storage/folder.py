"""FileStorage: a folder, in the layout of certmagic's storage of the same name.

A key is the path of a file. Folders are 0700 and files 0600, as they hold private keys.
Source: https://pkg.go.dev/github.com/caddyserver/certmagic#FileStorage.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import secrets
import shutil
import stat
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from snake.storage.checked_key import checked, checked_prefix
from snake.storage.held import held
from snake.storage.keys import LOCKS, safe
from snake.storage.lock_file import BINARY, FRESHENED, STALE, LockFile, make_folder
from snake.storage.storage import KeyInfo, MissingError, StorageError

T = TypeVar("T")

logger = logging.getLogger("snake")

LARGEST = 16 << 20
"""Bytes of a value. Certificates, keys and accounts have a few thousand."""

_POLL = 0.5
_THREADS = ThreadPoolExecutor(8, "snake-storage")
"""Where all folders are read and written: a reload makes another `FileStorage`, no more threads."""
_MISSING = (errno.ENOENT, errno.ENOTDIR)
_OF_WHAT_IS_THERE = ("read", "remove")
_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.tmp")


class FileStorage:
    """A folder.

    What blocks does so in threads of its own: a lock is kept fresh whatever else waits.
    """

    def __init__(self, root: str | Path) -> None:
        # Whoever changes the working directory later does not move it.
        self.root = Path(root).absolute()

    def __str__(self) -> str:
        return str(self.root)

    async def store(self, key: str, value: bytes) -> None:
        """Write a file: it is there as a whole or as it was. Raises `StorageError`."""
        path = self._path(key)
        await self._run("write", path, lambda: _write(path, value))

    async def load(self, key: str) -> bytes:
        """Return what a file holds. Raises `MissingError` and `StorageError`."""
        path = self._path(key)
        return await self._run("read", path, lambda: _read(path))

    async def delete(self, key: str) -> None:
        """Remove a file, or a folder with all in it. Raises `MissingError` and `StorageError`."""
        path = self._path(key)
        await self._run("remove", path, lambda: _remove(path))

    async def exists(self, key: str) -> bool:
        """Return whether there is a file or folder. Raises `StorageError`."""
        try:
            await self.stat(key)
        except MissingError:
            return False
        return True

    async def list(self, prefix: str, *, recursive: bool = False) -> list[str]:
        """Return the keys below a prefix. Raises `StorageError`."""
        path = self.root / checked_prefix(prefix)
        above = f"{prefix}/" if prefix else ""
        return await self._run(
            "list", path, lambda: sorted(_keys(path, above, recursive=recursive))
        )

    async def stat(self, key: str) -> KeyInfo:
        """Return what is known of a file or folder. Raises `MissingError` and `StorageError`."""
        path = self._path(key)
        found = await self._run("read", path, path.stat)
        folder = stat.S_ISDIR(found.st_mode)
        return KeyInfo(key, found.st_mtime, 0 if folder else found.st_size, not folder)

    def lock(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold the lock of that name, when it is free. Raises `StorageError`."""
        return self._held(LockFile(self.root / LOCKS / f"{safe(name)}.lock"), name)

    @asynccontextmanager
    async def _held(self, lock: LockFile, name: str) -> AsyncIterator[None]:
        while not await self._taken(lock):  # noqa: ASYNC110  (other processes have no event)
            await asyncio.sleep(_POLL)
        try:
            async with held(
                name,
                lambda: self._run("refresh the lock", lock.path, lock.refresh),
                every=FRESHENED,
                lease=STALE,
            ):
                yield
        finally:
            await asyncio.shield(asyncio.ensure_future(self._released(lock)))

    async def _released(self, lock: LockFile) -> None:
        """Let go of a lock. What was done under it is done, even if that fails."""
        try:
            await self._run("release the lock", lock.path, lock.release)
        except StorageError as error:
            logger.warning(
                "a lock stays until it is stale", extra={"fields": {"error": str(error)}}
            )

    async def _taken(self, lock: LockFile) -> bool:
        """Try to take a lock. One that was taken for who has been cancelled meanwhile is let go."""
        taking = asyncio.ensure_future(self._run("take the lock", lock.path, lock.take))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(lambda _: _THREADS.submit(lock.release))
            raise

    def _path(self, key: str) -> Path:
        return self.root / checked(key)

    async def _run(self, doing: str, path: Path, call: Callable[[], T]) -> T:
        """Call in a thread. Raises `MissingError`, and `StorageError` for other failures."""
        try:
            return await asyncio.get_running_loop().run_in_executor(_THREADS, call)
        except OSError as error:
            reason = error.strerror or str(error)
            missing = error.errno in _MISSING and doing in _OF_WHAT_IS_THERE
            raise (MissingError if missing else StorageError)(
                f"cannot {doing} {path}: {reason[:1].lower()}{reason[1:]}"
            ) from None


def _write(path: Path, value: bytes) -> None:
    make_folder(path.parent)
    fresh = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o600)
        with open(file, "wb") as stream:  # noqa: PTH123  (an open descriptor)
            stream.write(value)
            stream.flush()
            os.fsync(file)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _read(path: Path) -> bytes:
    # A FIFO does not keep a thread for ever, and is no value.
    file = os.open(path, os.O_RDONLY | BINARY | getattr(os, "O_NONBLOCK", 0))
    with open(file, "rb") as stream:  # noqa: PTH123  (an open descriptor)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        value = stream.read(LARGEST + 1)
    if len(value) > LARGEST:
        raise OSError(errno.EFBIG, f"it is larger than {LARGEST >> 20} MiB")
    return value


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _keys(folder: Path, above: str, *, recursive: bool) -> list[str]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for entry in entries:
        if _UNFINISHED.fullmatch(entry.name):
            continue
        if recursive and entry.is_dir(follow_symlinks=False):
            below = f"{above}{entry.name}/"
            found += _keys(folder / entry.name, below, recursive=True)
        else:
            found.append(above + entry.name)
    return found
