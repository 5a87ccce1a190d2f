"""Commands: what can be asked of keys and scalars, as Redis has it. See `COMMANDS`.

https://redis.io/docs/latest/commands/. A command takes the namespace and its
arguments, and returns the reply or raises `ReplyError`; then nothing has changed.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from operator import methodcaller
from typing import NamedTuple

from snake.cache.namespace import Namespace
from snake.cache.resp import Reply, ReplyError
from snake.cache.store import BUCKETS

Run = Callable[[Namespace, list[bytes]], Reply]

SYNTAX = "ERR syntax error"
NOT_INTEGER = "ERR value is not an integer or out of range"
BITS = 63
_CHARACTER = re.compile(rb"([^*?\[\\])|\\(.)", re.DOTALL)
"""A character of a pattern that means itself."""
FOREVER_MS = 1 << 53
"""Milliseconds beyond which no time to live goes, as numbers of JavaScript do not."""
SCANNED = 10
MOST_SCANNED = 10_000
MOST_KEYS = 100_000
"""Keys of a namespace above which KEYS is refused: all others would wait for it."""


class Command(NamedTuple):
    """What runs a command, and how many arguments it takes."""

    run: Run
    least: int
    most: int | None
    """`None` for as many as there are."""


def integer(text: bytes) -> int:
    """Read a number of 64 bits, written as Redis writes one. Raises `ReplyError`."""
    digits = text[1:] if text[:1] == b"-" else text
    plain = digits.isdigit() and (digits == b"0" or digits[:1] != b"0") and len(digits) < 20  # noqa: PLR2004
    number = int(text) if plain else None
    if number is None or text == b"-0" or not -(1 << BITS) <= number < 1 << BITS:
        raise ReplyError(NOT_INTEGER)
    return number


def end_in(namespace: Namespace, text: bytes, unit: float, command: str) -> float:
    """Return the time that is so many seconds (`unit` 1) or milliseconds (0.001) from now."""
    amount = integer(text)
    if not 0 < amount * unit * 1000 <= FOREVER_MS:
        raise ReplyError(f"ERR invalid expire time in '{command}' command")
    return namespace.store.clock() + amount * unit


def get(namespace: Namespace, args: list[bytes]) -> Reply:
    """GET key."""
    return namespace.store.string(args[0])


def set_(namespace: Namespace, args: list[bytes]) -> Reply:
    """SET key value [NX | XX] [GET] [EX s | PX ms | KEEPTTL]."""
    key, value, *options = args
    store = namespace.store
    if not options:
        store.put(key, value)
        return "OK"
    flags, end = _set_options(namespace, options)
    held = store.string(key) if "GET" in flags else store.get(key)
    before = held if isinstance(held, bytes) and "GET" in flags else None
    if ("NX" in flags and held is not None) or ("XX" in flags and held is None):
        return before
    store.put(key, value, store.end(key) if "KEEPTTL" in flags else end)
    return before if "GET" in flags else "OK"


def _set_options(namespace: Namespace, options: list[bytes]) -> tuple[set[str], float | None]:
    flags: set[str] = set()
    end = None
    words = deque(options)
    while words:
        word = words.popleft().upper()
        name = word.decode("latin-1")
        if name in ("EX", "PX") and words and not flags & {"EX", "KEEPTTL"}:
            end = end_in(namespace, words.popleft(), 1 if name == "EX" else 0.001, "set")
            flags.add("EX")
        elif name in ("NX", "XX", "GET", "KEEPTTL"):
            flags.add(name)
        else:
            raise ReplyError(SYNTAX)
    if {"NX", "XX"} <= flags or {"EX", "KEEPTTL"} <= flags:
        raise ReplyError(SYNTAX)
    return flags, end


def setnx(namespace: Namespace, args: list[bytes]) -> Reply:
    """SETNX key value."""
    if namespace.store.get(args[0]) is not None:
        return 0
    namespace.store.put(args[0], args[1])
    return 1


def setex(namespace: Namespace, args: list[bytes]) -> Reply:
    """SETEX key seconds value."""
    namespace.store.put(args[0], args[2], end_in(namespace, args[1], 1, "setex"))
    return "OK"


def psetex(namespace: Namespace, args: list[bytes]) -> Reply:
    """PSETEX key milliseconds value."""
    namespace.store.put(args[0], args[2], end_in(namespace, args[1], 0.001, "psetex"))
    return "OK"


def getset(namespace: Namespace, args: list[bytes]) -> Reply:
    """GETSET key value."""
    before = namespace.store.string(args[0])
    namespace.store.put(args[0], args[1])
    return before


def getdel(namespace: Namespace, args: list[bytes]) -> Reply:
    """GETDEL key."""
    value = namespace.store.string(args[0])
    if value is not None:
        namespace.store.delete(args[0])
    return value


def mget(namespace: Namespace, args: list[bytes]) -> Reply:
    """MGET key [key …]."""
    values = map(namespace.store.get, args)
    return [value if isinstance(value, bytes) else None for value in values]


def mset(namespace: Namespace, args: list[bytes]) -> Reply:
    """MSET key value [key value …]. What does not fit is an error; what came before it is set."""
    if len(args) % 2:
        raise ReplyError("ERR wrong number of arguments for 'mset' command")
    for key, value in zip(args[::2], args[1::2], strict=True):
        namespace.store.put(key, value)
    return "OK"


def append(namespace: Namespace, args: list[bytes]) -> Reply:
    """APPEND key value."""
    value = (namespace.store.string(args[0]) or b"") + args[1]
    namespace.store.replace(args[0], value)
    return len(value)


def strlen(namespace: Namespace, args: list[bytes]) -> Reply:
    """STRLEN key."""
    return len(namespace.store.string(args[0]) or b"")


def add(namespace: Namespace, key: bytes, amount: int) -> Reply:
    """Add to the number that a key holds."""
    number = integer(namespace.store.string(key) or b"0") + amount
    if not -(1 << BITS) <= number < 1 << BITS:
        raise ReplyError("ERR increment or decrement would overflow")
    namespace.store.replace(key, b"%d" % number)
    return number


def delete(namespace: Namespace, args: list[bytes]) -> Reply:
    """DEL key [key …]."""
    return sum(map(namespace.store.delete, args))


def exists(namespace: Namespace, args: list[bytes]) -> Reply:
    """EXISTS key [key …]; a key counts as often as it is named."""
    return sum(namespace.store.get(key) is not None for key in args)


def type_(namespace: Namespace, args: list[bytes]) -> Reply:
    """TYPE key."""
    value = namespace.store.get(args[0])
    if value is None:
        return "none"
    return "string" if isinstance(value, bytes) else "list" if isinstance(value, deque) else "set"


def expire(namespace: Namespace, args: list[bytes], unit: float = 1) -> Reply:
    """EXPIRE key seconds. A time that is over deletes the key."""
    amount = integer(args[1])
    if abs(amount) * unit * 1000 > FOREVER_MS:
        raise ReplyError("ERR invalid expire time in 'expire' command")
    store = namespace.store
    if store.get(args[0]) is None:
        return 0
    if amount <= 0:
        store.delete(args[0])
    else:
        store.let_end(args[0], store.clock() + amount * unit)
    return 1


def left(namespace: Namespace, args: list[bytes], unit: float = 1) -> Reply:
    """TTL key: the seconds it has, -1 without an end, -2 without a key."""
    if namespace.store.get(args[0]) is None:
        return -2
    end = namespace.store.end(args[0])
    return -1 if end is None else int((end - namespace.store.clock()) / unit + 0.5)


def persist(namespace: Namespace, args: list[bytes]) -> Reply:
    """PERSIST key."""
    if namespace.store.get(args[0]) is None or namespace.store.end(args[0]) is None:
        return 0
    namespace.store.let_end(args[0], None)
    return 1


def matcher(pattern: bytes) -> Callable[[bytes], bool]:
    """Return what tells whether a key is the pattern, or begins with what is before its `*`.

    A backslash takes its meaning from the character after it. Other patterns of Redis
    are refused: some take for ever, and all others would wait.
    """
    text = b"".join(plain or quoted for plain, quoted in _CHARACTER.findall(pattern))
    rest = _CHARACTER.sub(b"", pattern)
    if rest not in (b"", b"*") or not pattern.endswith(rest):
        raise ReplyError("ERR a pattern is a beginning and then *, as in user:*")
    return methodcaller("startswith", text) if rest else text.__eq__


def keys(namespace: Namespace, args: list[bytes]) -> Reply:
    """KEYS pattern."""
    if len(namespace.store) > MOST_KEYS:
        raise ReplyError(f"ERR KEYS is for at most {MOST_KEYS} keys; use SCAN")
    matches = matcher(args[0])
    return [key for key in namespace.store if matches(key)]


def scan(namespace: Namespace, args: list[bytes]) -> Reply:
    """SCAN cursor [MATCH pattern] [COUNT count]. The cursor is the next bucket."""
    if not args[0].isdigit() or len(args[0]) > 18:  # noqa: PLR2004
        raise ReplyError("ERR invalid cursor")
    at = int(args[0])
    words = {b"MATCH": b"*", b"COUNT": b"%d" % SCANNED}
    options = iter(args[1:])
    for word in options:
        value = next(options, None)
        if word.upper() not in words or value is None:
            raise ReplyError(SYNTAX)
        words[word.upper()] = value
    count = integer(words[b"COUNT"])
    if count < 1:
        raise ReplyError(SYNTAX)
    matches = matcher(words[b"MATCH"])
    found: list[Reply] = []
    seen = 0
    while at < BUCKETS and seen < min(count, MOST_SCANNED):
        some = tuple(namespace.store.bucket(at))
        found += namespace.store.living(filter(matches, some))
        seen += len(some)
        at += 1
    return [b"%d" % (at if at < BUCKETS else 0), found]


def dbsize(namespace: Namespace, args: list[bytes]) -> Reply:
    """DBSIZE."""
    del args
    return len(namespace.store)


def flushdb(namespace: Namespace, args: list[bytes]) -> Reply:
    """FLUSHDB, of this namespace alone."""
    del args
    namespace.store.clear()
    return "OK"


SCALARS: dict[bytes, Command] = {
    b"GET": Command(get, 1, 1),
    b"SET": Command(set_, 2, None),
    b"SETNX": Command(setnx, 2, 2),
    b"SETEX": Command(setex, 3, 3),
    b"PSETEX": Command(psetex, 3, 3),
    b"GETSET": Command(getset, 2, 2),
    b"GETDEL": Command(getdel, 1, 1),
    b"MGET": Command(mget, 1, None),
    b"MSET": Command(mset, 2, None),
    b"APPEND": Command(append, 2, 2),
    b"STRLEN": Command(strlen, 1, 1),
    b"INCR": Command(lambda at, args: add(at, args[0], 1), 1, 1),
    b"DECR": Command(lambda at, args: add(at, args[0], -1), 1, 1),
    b"INCRBY": Command(lambda at, args: add(at, args[0], integer(args[1])), 2, 2),
    b"DECRBY": Command(lambda at, args: add(at, args[0], -integer(args[1])), 2, 2),
    b"DEL": Command(delete, 1, None),
    b"UNLINK": Command(delete, 1, None),
    b"EXISTS": Command(exists, 1, None),
    b"TYPE": Command(type_, 1, 1),
    b"EXPIRE": Command(expire, 2, 2),
    b"PEXPIRE": Command(lambda at, args: expire(at, args, 0.001), 2, 2),
    b"TTL": Command(left, 1, 1),
    b"PTTL": Command(lambda at, args: left(at, args, 0.001), 1, 1),
    b"PERSIST": Command(persist, 1, 1),
    b"KEYS": Command(keys, 1, 1),
    b"SCAN": Command(scan, 1, 5),
    b"DBSIZE": Command(dbsize, 0, 0),
    b"FLUSHDB": Command(flushdb, 0, 1),
}
