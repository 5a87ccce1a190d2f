"""Calls: for each method of the client the command, and how to read the answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from snake.cache.resp import Reply

T = TypeVar("T")
Text = str | bytes
"""A key, a channel or a value. A `str` is sent as UTF-8."""
Content = str | bytes | int | float
"""A value; numbers are sent as Python writes them."""

_SPECIAL = re.compile(rb"[*?\[\]\\]")
Members = set[bytes]
SCANNED = b"1000"
"""About how many keys one step of a scan looks at."""


class Call(NamedTuple, Generic[T]):
    """One command."""

    args: list[bytes]
    read: Callable[[Any], T]
    safe: bool = True
    """Whether it does no harm if it is done twice."""
    wait: float = 0.0
    """Seconds that the server may take on purpose."""


class Calls:
    """Commands on keys that all begin with one prefix."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix

    def key(self, key: Text) -> bytes:
        """Return a key or channel as the server has it."""
        if isinstance(key, str):
            return self.prefix + key.encode()
        if isinstance(key, bytes):
            return self.prefix + key
        raise TypeError(f"a key is a str or bytes, not {type(key).__name__}")

    def get(self, key: Text) -> Call[bytes | None]:
        """Get a scalar."""
        return Call([b"GET", self.key(key)], _same)

    def mget(self, *keys: Text) -> Call[list[bytes | None]]:
        """Get scalars."""
        return Call([b"MGET", *map(self.key, keys)], _same)

    def set(self, key: Text, value: Content, ttl: float | None) -> Call[None]:
        """Set a scalar."""
        return Call([b"SET", self.key(key), content(value), *_ttl(ttl)], _nothing)

    def setnx(self, key: Text, value: Content, ttl: float | None) -> Call[bool]:
        """Set a scalar where there is none."""
        args = [b"SET", self.key(key), content(value), b"NX", *_ttl(ttl)]
        return Call(args, _is_ok, safe=False)

    def getdel(self, key: Text) -> Call[bytes | None]:
        """Get a scalar and delete it."""
        return Call([b"GETDEL", self.key(key)], _same, safe=False)

    def delete(self, *keys: Text) -> Call[int]:
        """Delete keys."""
        return Call([b"DEL", *map(self.key, keys)], int, safe=False)

    def exists(self, key: Text) -> Call[bool]:
        """Ask for a key."""
        return Call([b"EXISTS", self.key(key)], bool)

    def expire(self, key: Text, ttl: float) -> Call[bool]:
        """Let a key end."""
        return Call([b"PEXPIRE", self.key(key), _ttl(ttl)[1]], bool)

    def persist(self, key: Text) -> Call[bool]:
        """Let a key not end."""
        return Call([b"PERSIST", self.key(key)], bool, safe=False)

    def ttl(self, key: Text) -> Call[float | None]:
        """Ask when a key ends."""
        return Call([b"PTTL", self.key(key)], _left)

    def incr(self, key: Text, by: int) -> Call[int]:
        """Add to a number."""
        return Call([b"INCRBY", self.key(key), b"%d" % by], int, safe=False)

    def push(self, key: Text, values: tuple[Content, ...], *, left: bool) -> Call[int]:
        """Add to a list."""
        name = b"LPUSH" if left else b"RPUSH"
        return Call([name, self.key(key), *map(content, values)], int, safe=False)

    def pop(self, key: Text, timeout: float | None, *, left: bool) -> Call[bytes | None]:
        """Take from a list, and wait for that if there is a timeout."""
        if timeout is None or timeout == 0:
            return Call([b"LPOP" if left else b"RPOP", self.key(key)], _same, safe=False)
        if not 0 < timeout < math.inf:
            raise ValueError("a timeout is a number of seconds, 0 or more")
        args = [b"BLPOP" if left else b"BRPOP", self.key(key), b"%.3f" % max(timeout, 0.001)]
        return Call(args, _second, safe=False, wait=timeout)

    def lrange(self, key: Text, first: int, last: int) -> Call[list[bytes]]:
        """Get a part of a list."""
        return Call([b"LRANGE", self.key(key), b"%d" % first, b"%d" % last], _same)

    def llen(self, key: Text) -> Call[int]:
        """Ask how long a list is."""
        return Call([b"LLEN", self.key(key)], int)

    def sadd(self, key: Text, members: tuple[Content, ...]) -> Call[int]:
        """Add to a set."""
        return Call([b"SADD", self.key(key), *map(content, members)], int, safe=False)

    def srem(self, key: Text, members: tuple[Content, ...]) -> Call[int]:
        """Take from a set."""
        return Call([b"SREM", self.key(key), *map(content, members)], int, safe=False)

    def smembers(self, key: Text) -> Call[Members]:
        """Get a set."""
        return Call([b"SMEMBERS", self.key(key)], Members)

    def sismember(self, key: Text, member: Content) -> Call[bool]:
        """Ask for a member."""
        return Call([b"SISMEMBER", self.key(key), content(member)], bool)

    def scan(self, cursor: bytes, prefix: Text) -> Call[tuple[bytes, list[bytes]]]:
        """Take one step over all keys: the next cursor, and some keys without the prefix."""
        pattern = _SPECIAL.sub(rb"\\\g<0>", self.key(prefix)) + b"*"
        cut = len(self.prefix)

        def read(reply: list[Any]) -> tuple[bytes, list[bytes]]:
            return reply[0], [key[cut:] for key in reply[1]]

        return Call([b"SCAN", cursor, b"MATCH", pattern, b"COUNT", SCANNED], read)

    def publish(self, channel: Text, message: Content) -> Call[int]:
        """Tell all that listen."""
        return Call([b"PUBLISH", self.key(channel), content(message)], int, safe=False)

    def ping(self) -> Call[None]:
        """Ask whether anybody is there."""
        return Call([b"PING"], _nothing)


def content(value: Content) -> bytes:
    """Return a value as it is stored."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value).encode()
    raise TypeError(
        f"a value is bytes, str, int or float, not {type(value).__name__}; "
        "others are to be made bytes of first, with json.dumps for example"
    )


def _ttl(ttl: float | None) -> list[bytes]:
    if ttl is None:
        return []
    if not 0 < ttl < math.inf:
        raise ValueError("a ttl is a number of seconds, more than 0")
    return [b"PX", b"%d" % max(round(ttl * 1000), 1)]


def _same(reply: Any) -> Any:  # noqa: ANN401  (what each command answers)
    return reply


def _nothing(reply: Reply) -> None:
    del reply


def _is_ok(reply: Reply) -> bool:
    return reply is not None


def _second(reply: list[bytes] | None) -> bytes | None:
    return reply[1] if reply else None


def _left(reply: int) -> float | None:
    if reply == -1:
        return math.inf
    return None if reply < 0 else reply / 1000
