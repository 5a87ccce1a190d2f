"""Notes: where each name stands, left in the storage for `snake certs` and for other machines.

::

    snake/names/<name>.json

Caddy does not know them, and lets them be.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from snake.storage import keys
from snake.storage.storage import MissingError, Storage
from snake.tls.managed import Status


async def leave(storage: Storage, status: Status) -> None:
    """Leave word of where a name stands. Raises `StorageError`."""
    await storage.store(_key(status.name), msgspec.json.encode(status))


async def read(storage: Storage, name: str) -> Status | None:
    """Return the last word on a name, if there is one. Raises `StorageError`."""
    with suppress(MissingError, msgspec.DecodeError):
        return msgspec.json.decode(await storage.load(_key(name)), type=Status)
    return None


def _key(name: str) -> str:
    return f"snake/names/{keys.safe(name)}.json"
