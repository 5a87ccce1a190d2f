"""Store: the keys of one namespace, each with a scalar, a list or a set, in memory.

Nothing here waits or talks. Time comes from a clock that is given, in seconds.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sized

from snake.cache.budget import Account
from snake.cache.limits import Limits
from snake.cache.resp import ReplyError

Value = bytes | deque[bytes] | set[bytes]
Clock = Callable[[], float]

BUCKETS = 256
"""Keys are kept in as many dictionaries, so that SCAN can go over them in steps."""
KEY_COST = 280
"""Bytes that CPython takes for a key, its value and their places, beside the bytes of both."""
ITEM_COSTS = {deque: 48, set: 96}
"""Bytes that CPython takes for an element, beside its own."""

WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
FULL = "OOM command not allowed: the cache is full"


class Store:
    """The keys of one namespace. Commands raise `ReplyError`, and then nothing has changed."""

    def __init__(self, account: Account, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self.clock = clock
        self.account = account
        self._buckets: dict[int, dict[bytes, Value]] = {}
        self._ends: dict[bytes, float] = {}
        """When each key ends that does."""
        self._queue: list[tuple[float, bytes]] = []
        """The same, soonest first (a heap), with some that hold no more."""
        self._count = 0

    def __len__(self) -> int:
        """Return how many keys there are, ended ones included that nobody has asked for."""
        return self._count

    def get(self, key: bytes) -> Value | None:
        """Return what a key holds."""
        end = self._ends.get(key)
        if end is not None and end <= self.clock():
            self.delete(key)
            return None
        bucket = self._buckets.get(hash(key) % BUCKETS)
        return bucket.get(key) if bucket else None

    def string(self, key: bytes) -> bytes | None:
        """Return the scalar of a key."""
        value = self.get(key)
        if value is not None and not isinstance(value, bytes):
            raise ReplyError(WRONG_TYPE)
        return value

    def elements(self, key: bytes) -> deque[bytes] | None:
        """Return the list of a key."""
        value = self.get(key)
        if value is not None and not isinstance(value, deque):
            raise ReplyError(WRONG_TYPE)
        return value

    def members(self, key: bytes) -> set[bytes] | None:
        """Return the set of a key."""
        value = self.get(key)
        if value is not None and not isinstance(value, set):
            raise ReplyError(WRONG_TYPE)
        return value

    def put(self, key: bytes, value: bytes, end: float | None = None) -> None:
        """Let a key hold a scalar, until a time or for ever."""
        self._fits(value)
        old = self.get(key)
        self._take(len(value) + (self._new(key) if old is None else -_size(old)))
        self._keep(key, value)
        self.let_end(key, end)

    def replace(self, key: bytes, value: bytes) -> None:
        """Let a key hold another scalar, and end when it would have."""
        self.put(key, value, self._ends.get(key))

    def push(self, key: bytes, values: list[bytes], *, left: bool) -> int:
        """Add elements to a list, one after another, on one side; return its length."""
        items = self.elements(key)
        self._admit(key, items, values, ITEM_COSTS[deque])
        if items is None:
            items = deque()
            self._keep(key, items)
        if left:
            items.extendleft(values)
        else:
            items.extend(values)
        return len(items)

    def pop(self, key: bytes, *, left: bool) -> bytes | None:
        """Take an element off one side of a list. A list with none is no more."""
        items = self.elements(key)
        if items is None:
            return None
        item = items.popleft() if left else items.pop()
        self.account.take(-len(item) - ITEM_COSTS[deque])
        if not items:
            self.delete(key)
        return item

    def add(self, key: bytes, values: list[bytes]) -> int:
        """Add members to a set; return how many are new."""
        held = self.members(key)
        new: set[bytes] = set(values).difference(held or ())
        self._admit(key, held, new, ITEM_COSTS[set])
        if held is None:
            self._keep(key, new)
        else:
            held |= new
        return len(new)

    def discard(self, key: bytes, values: list[bytes]) -> int:
        """Take members out of a set; return how many were in it. A set with none is no more."""
        held = self.members(key)
        gone = held.intersection(values) if held else set()
        if held is None or not gone:
            return 0
        held -= gone
        self.account.take(-_size(gone))
        if not held:
            self.delete(key)
        return len(gone)

    def delete(self, key: bytes) -> bool:
        """Let go of a key; tell whether there was one."""
        at = hash(key) % BUCKETS
        bucket = self._buckets.get(at)
        value = bucket.pop(key, None) if bucket else None
        if value is None:
            return False
        if not bucket:
            del self._buckets[at]
        self._count -= 1
        self.account.take(-len(key) - KEY_COST - _size(value))
        end = self._ends.pop(key, None)
        # Whoever asks again tells an ended key from one that was there.
        return end is None or end > self.clock()

    def let_end(self, key: bytes, end: float | None) -> None:
        """Let a key that there is end at a time, or never."""
        if end is None:
            self._ends.pop(key, None)
            return
        self._ends[key] = end
        heapq.heappush(self._queue, (end, key))
        if len(self._queue) > 2 * len(self._ends) + 64:
            self._queue = [(when, each) for each, when in self._ends.items()]
            heapq.heapify(self._queue)

    def end(self, key: bytes) -> float | None:
        """Return when a key ends, if it does."""
        return self._ends.get(key)

    def expire(self, most: int) -> bool:
        """Let go of keys that have ended, of so many at most; tell whether there are more."""
        now = self.clock()
        for _ in range(most):
            if not self._queue or self._queue[0][0] > now:
                return False
            end, key = heapq.heappop(self._queue)
            if self._ends.get(key) == end:
                self.delete(key)
        return True

    def __iter__(self) -> Iterator[bytes]:
        """Yield all keys. Nothing may change meanwhile."""
        for at in range(BUCKETS):
            yield from self.living(self.bucket(at))

    def bucket(self, at: int) -> Iterable[bytes]:
        """Return the keys of one of the `BUCKETS`, ended ones too that nobody has asked for."""
        return self._buckets.get(at, ())

    def living(self, keys: Iterable[bytes]) -> Iterator[bytes]:
        """Yield those of the keys that have not ended."""
        now, ends = self.clock(), self._ends
        return (key for key in keys if ends.get(key, math.inf) > now)

    def clear(self) -> None:
        """Let go of everything."""
        self._buckets, self._ends, self._queue, self._count = {}, {}, [], 0
        self.account.take(-self.account.used)

    def _keep(self, key: bytes, value: Value) -> None:
        bucket = self._buckets.setdefault(hash(key) % BUCKETS, {})
        self._count += key not in bucket
        bucket[key] = value

    def _admit(
        self, key: bytes, held: Sized | None, values: Collection[bytes], item_cost: int
    ) -> None:
        """Take what elements cost that are about to be added to a key, or to a new one."""
        for value in values:
            self._fits(value)
        if len(held or ()) + len(values) > self.limits.items:
            raise ReplyError(f"ERR a key holds at most {self.limits.items} elements")
        cost = sum(map(len, values)) + item_cost * len(values)
        self._take(cost + (self._new(key) if held is None else 0))

    def _new(self, key: bytes) -> int:
        """Return what a new key costs without its value."""
        if not 0 < len(key) <= self.limits.key:
            raise ReplyError(f"ERR a key has 1 to {self.limits.key} bytes")
        if self._count >= self.limits.keys:
            self.expire(1000)
        if self._count >= self.limits.keys:
            raise ReplyError(f"OOM command not allowed: there are {self.limits.keys} keys")
        return len(key) + KEY_COST

    def _fits(self, value: bytes) -> None:
        if len(value) > self.limits.value:
            raise ReplyError(f"ERR a value has at most {self.limits.value} bytes")

    def _take(self, cost: int) -> None:
        if not self.account.take(cost):
            raise ReplyError(FULL)


def _size(value: Value) -> int:
    if isinstance(value, bytes):
        return len(value)
    return sum(map(len, value)) + ITEM_COSTS[type(value)] * len(value)
