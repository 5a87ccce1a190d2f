"""RedisStorage: a Redis that many machines share, in the layout of the Caddy module.

Source: https://github.com/pberkel/caddy-storage-redis.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from snake.cache.address import Address
from snake.cache.aio import AsyncConnections
from snake.cache.calls import Call
from snake.cache.failure import (
    CacheConfigurationError,
    CacheError,
    CacheTypeError,
    CacheUnavailableError,
)
from snake.storage import redis_scripts as ask
from snake.storage.checked_key import checked, checked_prefix
from snake.storage.held import held
from snake.storage.redis_value import Packing, Stored
from snake.storage.storage import KeyInfo, MissingError, StorageError

T = TypeVar("T")

logger = logging.getLogger("snake")

LEASE = 10.0
"""Seconds after which a lock is free whose holder has died."""

_LEASE = int(LEASE * 1000)
_REFRESHED = 3.0
_POLL = 0.5
_REASONS = {
    "ISPREFIX": "there are keys below it",
    "ISVALUE": "what stands above it is a value",
}


class RedisStorage:
    """A Redis, or what speaks its protocol and runs Lua: Valkey, for example."""

    def __init__(
        self,
        address: Address,
        prefix: str = "caddy",
        packing: Packing | None = None,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._address = address
        self._prefix = prefix
        self._packing = packing or Packing()
        self._now = now
        self._connections: AsyncConnections | None = None

    def __str__(self) -> str:
        return f"Redis at {self._address.shown}"

    async def store(self, key: str, value: bytes) -> None:
        """Put a value under a key. Raises `StorageError`."""
        now = self._now()
        packed = self._packing.pack(value, now)
        await self._run(key, ask.store(self._place(key), packed, now // 10**9))

    async def load(self, key: str) -> bytes:
        """Return the value of a key. Raises `MissingError` and `StorageError`."""
        return (await self._stored(key)).value

    async def delete(self, key: str) -> None:
        """Delete a key, or all keys below it. Raises `MissingError` and `StorageError`."""
        if not await self._run(key, ask.delete(self._place(key))):
            raise self._missing(key)

    async def exists(self, key: str) -> bool:
        """Return whether there is a value, or a key below it. Raises `StorageError`."""
        return await self._run(key, ask.kind(self._place(key))) != "none"

    async def list(self, prefix: str, *, recursive: bool = False) -> list[str]:
        """Return the keys below a prefix. Raises `StorageError`."""
        place = self._place(prefix) if checked_prefix(prefix) else self._prefix
        found = await self._run(prefix, ask.listing(place, recursive=recursive))
        above = f"{prefix}/" if prefix else ""
        return sorted(above + name.decode() for name in found)

    async def stat(self, key: str) -> KeyInfo:
        """Return what is known of a key. Raises `MissingError` and `StorageError`."""
        if await self._run(key, ask.kind(self._place(key))) == "zset":
            newest = await self._run(key, ask.newest(self._place(key)))
            return KeyInfo(key, newest, 0, is_terminal=False)
        found = await self._stored(key)
        return KeyInfo(key, found.modified, len(found.value), is_terminal=True)

    def lock(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold the lock of that name, when it is free. Raises `StorageError`."""
        return self._held(checked(f"{self._prefix}/locks/{name}"), name, secrets.token_urlsafe(16))

    async def check(self) -> None:
        """Return if Redis answers. Raises `StorageError`."""
        await self._run("", ask.ping())

    @asynccontextmanager
    async def open(self) -> AsyncIterator[RedisStorage]:
        """Close the connections at the end."""
        try:
            yield self
        finally:
            if self._connections is not None:
                self._connections.close()

    @asynccontextmanager
    async def _held(self, place: str, name: str, token: str) -> AsyncIterator[None]:
        """Hold a lock by a token that nobody else has: no other can be refreshed or let go."""
        await self._taken(place, name, token)
        try:
            refresh = ask.refresh(place, token, _LEASE)
            async with held(name, lambda: self._run(name, refresh), every=_REFRESHED, lease=LEASE):
                yield
        finally:
            await asyncio.shield(asyncio.ensure_future(self._released(place, name, token)))

    async def _taken(self, place: str, name: str, token: str) -> None:
        """Take a lock, when it is free."""
        asked = ask.lock(place, token, _LEASE)
        try:
            while not await self._run(name, asked):  # noqa: ASYNC110  (machines share none)
                await asyncio.sleep(_POLL)
        except asyncio.CancelledError:
            # It may have been given while the answer was on its way.
            await asyncio.shield(asyncio.ensure_future(self._released(place, name, token)))
            raise

    async def _released(self, place: str, name: str, token: str) -> None:
        """Let go of a lock. What was done under it is done, even if that fails."""
        try:
            await self._run(name, ask.release(place, token))
        except StorageError as error:
            logger.warning("a lock stays until it ends", extra={"fields": {"error": str(error)}})

    async def _stored(self, key: str) -> Stored:
        packed = await self._run(key, ask.get(self._place(key)))
        if packed is None:
            raise self._missing(key)
        try:
            return self._packing.unpack(packed)
        except StorageError as error:
            raise self._error(key, str(error)) from None

    def _place(self, key: str) -> str:
        return f"{self._prefix}/{checked(key)}"

    def _missing(self, key: str) -> MissingError:
        return MissingError(f"{self}, {key}: there is no such key")

    def _error(self, key: str, reason: str) -> StorageError:
        return StorageError(f"{self}{', ' if key else ''}{key}: {reason}")

    async def _run(self, key: str, call: Call[T]) -> T:
        if self._connections is None:
            self._connections = AsyncConnections(self._address)
        try:
            return await self._connections.run(call)
        except CacheUnavailableError as error:
            raise self._error("", error.reason or str(error)) from None
        except CacheConfigurationError:
            raise self._error("", "it refuses the username or the password") from None
        except CacheTypeError:
            raise self._error(key, "it is no value") from None
        except CacheError as error:
            reason = str(error).partition(" ")[0]
            raise self._error(key, _REASONS.get(reason, str(error))) from None
