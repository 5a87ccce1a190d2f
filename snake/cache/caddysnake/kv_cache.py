"""Caddy Snake's client of its cache, with snake's cache or a Redis behind it.

Names, signatures and results are those of caddysnake 0.6 (its reference, "Shared worker
cache"). What is not: a list that nothing is left of is gone, so `get` returns `None` and not `[]`;
and `pop` with a timeout waits for a key that does not exist yet, as its documentation has it.
"""

from __future__ import annotations

import math
import os

from snake.cache.calls import Text as _Text
from snake.cache.failure import CacheConfigurationError, CacheError, CacheTypeError
from snake.cache.tasks import Cache as Client
from snake.core.variables import WORKER_ID

__all__ = ["Cache", "CacheConfigurationError", "CacheError", "cache", "worker_id"]

MOST_KEYS = 1000
LONGEST_WAIT = 300.0
TRIES = 10
"""How often `append` tries again when somebody else has changed the kind of the key meanwhile."""

client = Client()


def worker_id() -> int | None:
    """Return the number of this process among those of its app; `None` outside of snake."""
    try:
        return int(os.environ.get(WORKER_ID, ""))
    except ValueError:
        return None


class Cache:
    """A key holds a scalar (`set`), a list (`append`) or a set (`sadd`)."""

    __slots__ = ()

    def set(self, key: _Text, value: _Text, ttl: int | None = None) -> None:
        """Store a scalar, for `ttl` seconds; 0 and `None` are for ever."""
        client.set(_text(key), _text(value), _ttl(ttl))

    def get(self, key: _Text) -> bytes | list[bytes] | None:
        """Return the scalar, or the elements of the list."""
        try:
            return client.get(_text(key))
        except CacheTypeError:
            return client.lrange(_text(key))

    def delete(self, key: _Text) -> int:
        """Return 1 if there was one, else 0."""
        return client.delete(_text(key))

    def append(self, key: _Text, value: _Text) -> None:
        """Put an element behind a list. A scalar becomes the first element; no end is kept."""
        key, value = _text(key), _text(value)
        for _ in range(TRIES):
            try:
                client.rpush(key, value)
            except CacheTypeError:
                # A set is refused here, as it is to be.
                scalar = client.getdel(key)
                if scalar is not None:
                    client.lpush(key, scalar)
            else:
                client.persist(key)
                return

    def pop(self, key: _Text, timeout: float | None = None) -> bytes | None:
        """Take the first element; wait so many seconds for one."""
        try:
            return client.lpop(_text(key), _timeout(timeout))
        except CacheTypeError:
            return None

    def sadd(self, key: _Text, member: _Text) -> int:
        """Return 1 if the member is new, else 0."""
        return client.sadd(_text(key), _text(member))

    def srem(self, key: _Text, member: _Text) -> int:
        """Return 1 if the member was in the set, else 0."""
        return client.srem(_text(key), _text(member))

    def smembers(self, key: _Text) -> list[bytes]:
        """Return the members, sorted."""
        return sorted(client.smembers(_text(key)))

    def setnx(self, key: _Text, value: _Text, ttl: int | None = None) -> bool:
        """Store a scalar if there is nothing; tell whether that was so."""
        return client.setnx(_text(key), _text(value), _ttl(ttl))

    def keys(self, prefix: _Text, limit: int = 1000) -> list[bytes]:
        """Return the keys that begin with `prefix`, sorted, at most 1000."""
        return client.keys(*_keys(prefix, limit))

    def publish(self, channel: _Text, message: _Text) -> int:
        """Send a message to all that wait for one; return how many do."""
        return client.publish(_text(channel), _text(message))

    def subscribe(self, channel: _Text, timeout: float) -> bytes | None:
        """Wait for one message, so many seconds."""
        with client.subscribe(_text(channel)) as messages:
            return messages.get(_positive(timeout))

    async def aset(self, key: _Text, value: _Text, ttl: int | None = None) -> None:
        """See `set`."""
        await client.aset(_text(key), _text(value), _ttl(ttl))

    async def aget(self, key: _Text) -> bytes | list[bytes] | None:
        """See `get`."""
        try:
            return await client.aget(_text(key))
        except CacheTypeError:
            return await client.alrange(_text(key))

    async def adelete(self, key: _Text) -> int:
        """See `delete`."""
        return await client.adelete(_text(key))

    async def aappend(self, key: _Text, value: _Text) -> None:
        """See `append`."""
        key, value = _text(key), _text(value)
        for _ in range(TRIES):
            try:
                await client.arpush(key, value)
            except CacheTypeError:
                scalar = await client.agetdel(key)
                if scalar is not None:
                    await client.alpush(key, scalar)
            else:
                await client.apersist(key)
                return

    async def apop(self, key: _Text, timeout: float | None = None) -> bytes | None:  # noqa: ASYNC109
        """See `pop`."""
        try:
            return await client.alpop(_text(key), _timeout(timeout))
        except CacheTypeError:
            return None

    async def asadd(self, key: _Text, member: _Text) -> int:
        """See `sadd`."""
        return await client.asadd(_text(key), _text(member))

    async def asrem(self, key: _Text, member: _Text) -> int:
        """See `srem`."""
        return await client.asrem(_text(key), _text(member))

    async def asmembers(self, key: _Text) -> list[bytes]:
        """See `smembers`."""
        return sorted(await client.asmembers(_text(key)))

    async def asetnx(self, key: _Text, value: _Text, ttl: int | None = None) -> bool:
        """See `setnx`."""
        return await client.asetnx(_text(key), _text(value), _ttl(ttl))

    async def akeys(self, prefix: _Text, limit: int = 1000) -> list[bytes]:
        """See `keys`."""
        return await client.akeys(*_keys(prefix, limit))

    async def apublish(self, channel: _Text, message: _Text) -> int:
        """See `publish`."""
        return await client.apublish(_text(channel), _text(message))

    async def asubscribe(self, channel: _Text, timeout: float) -> bytes | None:  # noqa: ASYNC109
        """See `subscribe`."""
        async with client.asubscribe(_text(channel)) as messages:
            return await messages.get(_positive(timeout))


def _text(value: _Text) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _ttl(ttl: int | None) -> int | None:
    if ttl is not None and int(ttl) < 0:
        raise CacheError("invalid TTL")
    return int(ttl or 0) or None


def _timeout(timeout: float | None) -> float | None:
    if timeout is not None and not 0 <= float(timeout) <= LONGEST_WAIT:
        raise CacheError("invalid timeout")
    return timeout


def _positive(timeout: float) -> float:
    if timeout <= 0:
        raise ValueError("subscribe timeout must be positive")
    if math.isnan(timeout) or timeout > LONGEST_WAIT:
        raise CacheError("invalid timeout")
    return timeout


def _keys(prefix: _Text, limit: int) -> tuple[bytes, int]:
    text = _text(prefix)
    if not text:
        raise ValueError("keys prefix must be non-empty")
    if int(limit) < 0:
        raise CacheError("invalid limit")
    return text, min(int(limit) or MOST_KEYS, MOST_KEYS)


cache = Cache()
