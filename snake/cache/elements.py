"""Elements: what can be asked of lists and sets, as Redis has it. See `ELEMENTS`."""

from __future__ import annotations

from itertools import islice

from snake.cache.commands import Command, Run, integer
from snake.cache.namespace import Namespace
from snake.cache.resp import Reply, ReplyError


def push(namespace: Namespace, args: list[bytes], *, left: bool, only_there: bool) -> Reply:
    """Add to a list, then serve who waits for it."""
    key, *values = args
    if only_there and namespace.store.elements(key) is None:
        return 0
    length = namespace.store.push(key, values, left=left)
    namespace.waiters.serve(key)
    return length


def pop(namespace: Namespace, args: list[bytes], *, left: bool) -> Reply:
    """LPOP key [count]."""
    key = args[0]
    if len(args) == 1:
        return namespace.store.pop(key, left=left)
    count = integer(args[1])
    if count < 0:
        raise ReplyError("ERR value is out of range, must be positive")
    held = namespace.store.elements(key)
    if held is None:
        return None
    return [namespace.store.pop(key, left=left) for _ in range(min(count, len(held)))]


def length(namespace: Namespace, args: list[bytes]) -> Reply:
    """LLEN key."""
    return len(namespace.store.elements(args[0]) or ())


def between(size: int, first: bytes, last: bytes) -> tuple[int, int]:
    """Return the bounds of a part, from the first element to behind the last one."""
    begin, end = integer(first), integer(last)
    begin = max(begin + size, 0) if begin < 0 else begin
    end = end + size if end < 0 else min(end, size - 1)
    return begin, max(end + 1, begin)


def part(namespace: Namespace, args: list[bytes]) -> Reply:
    """LRANGE key first last."""
    held = namespace.store.elements(args[0]) or ()
    begin, end = between(len(held), args[1], args[2])
    return list(islice(held, begin, end))


def trim(namespace: Namespace, args: list[bytes]) -> Reply:
    """LTRIM key first last."""
    key = args[0]
    held = namespace.store.elements(key)
    begin, end = between(len(held or ()), args[1], args[2])
    if held is None:
        return "OK"
    for _ in range(max(len(held) - end, 0)):
        namespace.store.pop(key, left=False)
    for _ in range(min(begin, len(held))):
        namespace.store.pop(key, left=True)
    return "OK"


def item(namespace: Namespace, args: list[bytes]) -> Reply:
    """LINDEX key place."""
    held = namespace.store.elements(args[0]) or ()
    place = integer(args[1])
    return held[place] if -len(held) <= place < len(held) else None


def members(namespace: Namespace, args: list[bytes]) -> Reply:
    """SMEMBERS key."""
    return list(namespace.store.members(args[0]) or ())


def is_member(namespace: Namespace, args: list[bytes]) -> Reply:
    """SISMEMBER key member."""
    return int(args[1] in (namespace.store.members(args[0]) or ()))


def count(namespace: Namespace, args: list[bytes]) -> Reply:
    """SCARD key."""
    return len(namespace.store.members(args[0]) or ())


def _push(*, left: bool, only_there: bool = False) -> Run:
    return lambda at, args: push(at, args, left=left, only_there=only_there)


def _pop(*, left: bool) -> Run:
    return lambda at, args: pop(at, args, left=left)


ELEMENTS: dict[bytes, Command] = {
    b"LPUSH": Command(_push(left=True), 2, None),
    b"RPUSH": Command(_push(left=False), 2, None),
    b"LPUSHX": Command(_push(left=True, only_there=True), 2, None),
    b"RPUSHX": Command(_push(left=False, only_there=True), 2, None),
    b"LPOP": Command(_pop(left=True), 1, 2),
    b"RPOP": Command(_pop(left=False), 1, 2),
    b"LLEN": Command(length, 1, 1),
    b"LRANGE": Command(part, 3, 3),
    b"LTRIM": Command(trim, 3, 3),
    b"LINDEX": Command(item, 2, 2),
    b"SADD": Command(lambda at, args: at.store.add(args[0], args[1:]), 2, None),
    b"SREM": Command(lambda at, args: at.store.discard(args[0], args[1:]), 2, None),
    b"SMEMBERS": Command(members, 1, 1),
    b"SISMEMBER": Command(is_member, 2, 2),
    b"SCARD": Command(count, 1, 1),
}
