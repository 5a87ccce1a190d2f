"""The client: what an app asks the cache, from threads. `AsyncCache` has the same for tasks."""

from __future__ import annotations

import os
import threading
from typing import TypeVar

from snake.cache.address import Address, parse
from snake.cache.calls import Call, Calls, Content, Members, Text
from snake.cache.connection import Connections
from snake.cache.failure import CacheConfigurationError
from snake.cache.subscription import Subscription
from snake.core.variables import CACHE

T = TypeVar("T")


class SyncCache:
    """Any number of threads may use one. Every method raises `CacheError`.

    Connections are made when they are needed, and kept. A process that was forked makes its own.
    """

    def __init__(self, url: str = "") -> None:
        """Take the URL of a cache; without one, that in the environment, when it is needed."""
        self._url = url
        self._lock = threading.Lock()
        self._made: tuple[Address, Calls, Connections] | None = None

    @property
    def address(self) -> Address:
        """Where the cache is. Raises `CacheConfigurationError`."""
        return self._parts[0]

    @property
    def calls(self) -> Calls:
        """The commands, with the keys as the server has them."""
        return self._parts[1]

    def run(self, call: Call[T]) -> T:
        """Run a command."""
        return self._parts[2].run(call)

    def get(self, key: Text) -> bytes | None:
        """Return the value of a key; `None` if there is none."""
        return self.run(self.calls.get(key))

    def mget(self, *keys: Text) -> list[bytes | None]:
        """Return the values of several keys, at once."""
        return self.run(self.calls.mget(*keys))

    def set(self, key: Text, value: Content, ttl: float | None = None) -> None:
        """Let a key have a value, for `ttl` seconds or until it is deleted."""
        self.run(self.calls.set(key, value, ttl))

    def setnx(self, key: Text, value: Content, ttl: float | None = None) -> bool:
        """Let a key have a value if it has none; tell whether that was so."""
        return self.run(self.calls.setnx(key, value, ttl))

    def getdel(self, key: Text) -> bytes | None:
        """Return the value of a key, and delete it."""
        return self.run(self.calls.getdel(key))

    def delete(self, *keys: Text) -> int:
        """Delete keys; return how many there were."""
        return self.run(self.calls.delete(*keys))

    def exists(self, key: Text) -> bool:
        """Return whether there is a key."""
        return self.run(self.calls.exists(key))

    def expire(self, key: Text, ttl: float) -> bool:
        """Let a key end in `ttl` seconds; tell whether there is one."""
        return self.run(self.calls.expire(key, ttl))

    def persist(self, key: Text) -> bool:
        """Let a key not end; tell whether it would have."""
        return self.run(self.calls.persist(key))

    def ttl(self, key: Text) -> float | None:
        """Return the seconds that a key has left: `inf` without an end, `None` without a key."""
        return self.run(self.calls.ttl(key))

    def incr(self, key: Text, by: int = 1) -> int:
        """Add to the number that a key has (0 if it has none), and return it."""
        return self.run(self.calls.incr(key, by))

    def lpush(self, key: Text, *values: Content) -> int:
        """Put values before a list, the last one first; return its length."""
        return self.run(self.calls.push(key, values, left=True))

    def rpush(self, key: Text, *values: Content) -> int:
        """Put values behind a list; return its length."""
        return self.run(self.calls.push(key, values, left=False))

    def lpop(self, key: Text, timeout: float | None = None) -> bytes | None:
        """Take the first element of a list; wait so many seconds for one."""
        return self.run(self.calls.pop(key, timeout, left=True))

    def rpop(self, key: Text, timeout: float | None = None) -> bytes | None:
        """Take the last element of a list; wait so many seconds for one."""
        return self.run(self.calls.pop(key, timeout, left=False))

    def lrange(self, key: Text, first: int = 0, last: int = -1) -> list[bytes]:
        """Return a part of a list, its last element included; -1 is the last of all."""
        return self.run(self.calls.lrange(key, first, last))

    def llen(self, key: Text) -> int:
        """Return how long a list is."""
        return self.run(self.calls.llen(key))

    def sadd(self, key: Text, *members: Content) -> int:
        """Put members into a set; return how many are new."""
        return self.run(self.calls.sadd(key, members))

    def srem(self, key: Text, *members: Content) -> int:
        """Take members out of a set; return how many were in it."""
        return self.run(self.calls.srem(key, members))

    def smembers(self, key: Text) -> Members:
        """Return the members of a set."""
        return self.run(self.calls.smembers(key))

    def sismember(self, key: Text, member: Content) -> bool:
        """Return whether a set has a member."""
        return self.run(self.calls.sismember(key, member))

    def publish(self, channel: Text, message: Content) -> int:
        """Send a message to all that listen to a channel; return how many do."""
        return self.run(self.calls.publish(channel, message))

    def ping(self) -> None:
        """Return if the cache answers."""
        self.run(self.calls.ping())

    def keys(self, prefix: Text = "", limit: int = 1000) -> list[bytes]:
        """Return the keys that begin with `prefix`, sorted, at most `limit` of them."""
        found: Members = set()
        cursor = b"0"
        while len(found) < limit:
            cursor, some = self.run(self.calls.scan(cursor, prefix))
            found |= {*some}
            if cursor == b"0":
                break
        return sorted(found)[:limit]

    def subscribe(self, channel: Text) -> Subscription:
        """Listen to a channel: ``with cache.subscribe(channel) as messages``."""
        return Subscription(self._parts[2], self.address, self.calls.key(channel))

    def close(self) -> None:
        """Close the connections that no thread uses now. The next command makes others."""
        if self._made is not None:
            self._made[2].close()

    @property
    def _parts(self) -> tuple[Address, Calls, Connections]:
        if self._made is None:
            with self._lock:
                address = parse(self._url or _from_environment())
                self._made = self._made or (address, Calls(address.prefix), Connections(address))
        return self._made


def _from_environment() -> str:
    url = os.environ.get(CACHE, "")
    if not url:
        raise CacheConfigurationError(
            f"there is no cache here: {CACHE} is not set. `snake run` sets it for the apps "
            "that it runs; elsewhere, it may name a Redis: redis://localhost"
        )
    return url
