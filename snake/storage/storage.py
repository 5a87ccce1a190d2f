"""Storage: the contract of what keeps certificates, keys, accounts and locks.

It is certmagic's contract, so that its layout is ours: a key is a path of names joined by `/`, such
as `certificates/local/a.com/a.com.crt`, and a value is bytes.
Source: https://pkg.go.dev/github.com/caddyserver/certmagic#Storage.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from snake.core.errors import SnakeError
from snake.core.record import Record


class StorageError(SnakeError):
    """A storage that cannot be read or written, and why."""


class MissingError(StorageError):
    """There is no such key."""


class KeyInfo(Record):
    """What is known of a key without its value."""

    key: str
    modified: float
    """Seconds since the epoch."""
    size: int
    """Bytes; 0 for a prefix."""
    is_terminal: bool
    """Whether it has a value: a file, not a folder."""


class Storage(Protocol):
    """Keeps values by key. All may be called at once, from one event loop.

    Every method raises `StorageError` when the storage fails.
    """

    async def store(self, key: str, value: bytes) -> None:
        """Put a value under a key, all of it or nothing, in place of what was there."""
        ...

    async def load(self, key: str) -> bytes:
        """Return the value of a key. Raises `MissingError`."""
        ...

    async def delete(self, key: str) -> None:
        """Delete a key, or all keys below it. Raises `MissingError`."""
        ...

    async def exists(self, key: str) -> bool:
        """Return whether there is a value under a key, or a key below it."""
        ...

    async def list(self, prefix: str, *, recursive: bool = False) -> list[str]:
        """Return the keys below a prefix, sorted; not recursive: only those of the next level.

        A prefix that is not there has none.
        """
        ...

    async def stat(self, key: str) -> KeyInfo:
        """Return what is known of a key. Raises `MissingError`."""
        ...

    def lock(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold a lock that all have who share this storage; wait until it is free.

        What a holder has left behind that died is free after a few seconds.
        """
        ...
