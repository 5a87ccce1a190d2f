"""The client for tasks: each method of `SyncCache` once more, to be awaited."""

from __future__ import annotations

import asyncio
from typing import TypeVar
from weakref import WeakKeyDictionary

from snake.cache.aio import AsyncConnections
from snake.cache.calls import Call, Content, Members, Text
from snake.cache.client import SyncCache
from snake.cache.subscription import AsyncSubscription

T = TypeVar("T")


class Cache(SyncCache):
    """The cache. Methods that begin with `a` are to be awaited, on any event loop of asyncio."""

    def __init__(self, url: str = "") -> None:
        """Take the URL of a cache; without one, that in the environment, when it is needed."""
        super().__init__(url)
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncConnections] = (
            WeakKeyDictionary()
        )

    async def arun(self, call: Call[T]) -> T:
        """Run a command."""
        return await self._connections.run(call)

    async def aget(self, key: Text) -> bytes | None:
        """Return the value of a key; `None` if there is none."""
        return await self.arun(self.calls.get(key))

    async def amget(self, *keys: Text) -> list[bytes | None]:
        """Return the values of several keys, at once."""
        return await self.arun(self.calls.mget(*keys))

    async def aset(self, key: Text, value: Content, ttl: float | None = None) -> None:
        """Let a key have a value, for `ttl` seconds or until it is deleted."""
        await self.arun(self.calls.set(key, value, ttl))

    async def asetnx(self, key: Text, value: Content, ttl: float | None = None) -> bool:
        """Let a key have a value if it has none; tell whether that was so."""
        return await self.arun(self.calls.setnx(key, value, ttl))

    async def agetdel(self, key: Text) -> bytes | None:
        """Return the value of a key, and delete it."""
        return await self.arun(self.calls.getdel(key))

    async def adelete(self, *keys: Text) -> int:
        """Delete keys; return how many there were."""
        return await self.arun(self.calls.delete(*keys))

    async def aexists(self, key: Text) -> bool:
        """Return whether there is a key."""
        return await self.arun(self.calls.exists(key))

    async def aexpire(self, key: Text, ttl: float) -> bool:
        """Let a key end in `ttl` seconds; tell whether there is one."""
        return await self.arun(self.calls.expire(key, ttl))

    async def apersist(self, key: Text) -> bool:
        """Let a key not end; tell whether it would have."""
        return await self.arun(self.calls.persist(key))

    async def attl(self, key: Text) -> float | None:
        """Return the seconds that a key has left: `inf` without an end, `None` without a key."""
        return await self.arun(self.calls.ttl(key))

    async def aincr(self, key: Text, by: int = 1) -> int:
        """Add to the number that a key has (0 if it has none), and return it."""
        return await self.arun(self.calls.incr(key, by))

    async def alpush(self, key: Text, *values: Content) -> int:
        """Put values before a list, the last one first; return its length."""
        return await self.arun(self.calls.push(key, values, left=True))

    async def arpush(self, key: Text, *values: Content) -> int:
        """Put values behind a list; return its length."""
        return await self.arun(self.calls.push(key, values, left=False))

    async def alpop(self, key: Text, timeout: float | None = None) -> bytes | None:  # noqa: ASYNC109
        """Take the first element of a list; wait so many seconds for one."""
        return await self.arun(self.calls.pop(key, timeout, left=True))

    async def arpop(self, key: Text, timeout: float | None = None) -> bytes | None:  # noqa: ASYNC109
        """Take the last element of a list; wait so many seconds for one."""
        return await self.arun(self.calls.pop(key, timeout, left=False))

    async def alrange(self, key: Text, first: int = 0, last: int = -1) -> list[bytes]:
        """Return a part of a list, its last element included; -1 is the last of all."""
        return await self.arun(self.calls.lrange(key, first, last))

    async def allen(self, key: Text) -> int:
        """Return how long a list is."""
        return await self.arun(self.calls.llen(key))

    async def asadd(self, key: Text, *members: Content) -> int:
        """Put members into a set; return how many are new."""
        return await self.arun(self.calls.sadd(key, members))

    async def asrem(self, key: Text, *members: Content) -> int:
        """Take members out of a set; return how many were in it."""
        return await self.arun(self.calls.srem(key, members))

    async def asmembers(self, key: Text) -> Members:
        """Return the members of a set."""
        return await self.arun(self.calls.smembers(key))

    async def asismember(self, key: Text, member: Content) -> bool:
        """Return whether a set has a member."""
        return await self.arun(self.calls.sismember(key, member))

    async def apublish(self, channel: Text, message: Content) -> int:
        """Send a message to all that listen to a channel; return how many do."""
        return await self.arun(self.calls.publish(channel, message))

    async def aping(self) -> None:
        """Return if the cache answers."""
        await self.arun(self.calls.ping())

    async def akeys(self, prefix: Text = "", limit: int = 1000) -> list[bytes]:
        """Return the keys that begin with `prefix`, sorted, at most `limit` of them."""
        found: Members = set()
        cursor = b"0"
        while len(found) < limit:
            cursor, some = await self.arun(self.calls.scan(cursor, prefix))
            found |= {*some}
            if cursor == b"0":
                break
        return sorted(found)[:limit]

    def asubscribe(self, channel: Text) -> AsyncSubscription:
        """Listen to a channel: ``async with cache.asubscribe(channel) as messages``."""
        return AsyncSubscription(self._connections, self.calls.key(channel))

    async def aclose(self) -> None:
        """Close this loop's connections, and those that no thread uses now."""
        self.close()
        connections = self._loops.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            connections.close()
            await asyncio.sleep(0)

    @property
    def _connections(self) -> AsyncConnections:
        loop = asyncio.get_running_loop()
        connections = self._loops.get(loop)
        if connections is None:
            connections = self._loops[loop] = AsyncConnections(self.address)
        return connections
