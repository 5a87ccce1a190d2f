"""What Redis does in one go: each is a script, so nobody sees a key that is half there.

A value stands under its key. Under the key of a prefix is a sorted set of the names below it,
those of prefixes with a `/` behind: the index of the Caddy module.
"""

from __future__ import annotations

from snake.cache.calls import Call

_STORE = b"""
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'string' then return redis.error_reply('ISPREFIX') end
for i = 2, #KEYS do
  kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= 'none' and kind ~= 'zset' then return redis.error_reply('ISVALUE') end
end
for i = 2, #KEYS do redis.call('ZADD', KEYS[i], ARGV[2], ARGV[i + 1]) end
redis.call('SET', KEYS[1], ARGV[1])
return 1
"""

_DELETE = b"""
local function drop(key)
  if redis.call('TYPE', key).ok == 'zset' then
    for _, name in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      drop(key .. '/' .. string.gsub(name, '/$', ''))
    end
  end
  return redis.call('DEL', key)
end
if drop(KEYS[1]) == 0 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
for i = 2, #KEYS do
  redis.call('ZREM', KEYS[i], ARGV[i])
  if redis.call('EXISTS', KEYS[i]) == 1 then break end
end
return 1
"""

_LIST = b"""
local found = {}
local function walk(key, above)
  if redis.call('TYPE', key).ok ~= 'zset' then return end
  for _, name in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    local plain = string.gsub(name, '/$', '')
    if ARGV[1] == '1' and plain ~= name then
      walk(key .. '/' .. plain, above .. name)
    else
      found[#found + 1] = above .. plain
    end
  end
end
walk(KEYS[1], '')
return found
"""

# Who asks again, since no answer came, has it already.
_LOCK = b"""
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

_REFRESH = b"""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

_RELEASE = b"""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


def store(key: str, value: bytes, seconds: int) -> Call[None]:
    """Put a value under a key, and the key into the index of what stands above it."""
    folders, names = _above(key)
    return Call(_script(_STORE, [key, *folders], [value, b"%d" % seconds, *names]), _nothing)


def delete(key: str) -> Call[bool]:
    """Delete a key or all below it; tell whether there was anything.

    It may be asked twice: what is gone then was there before.
    """
    folders, names = _above(key)
    last = key.rpartition("/")[2].encode()
    # The first is the key as a value, the others as prefixes.
    forms = [last, last + b"/", *names[1:]]
    return Call(_script(_DELETE, [key, *folders], forms), bool, safe=False)


def listing(key: str, *, recursive: bool) -> Call[list[bytes]]:
    """Return what stands below a prefix, without the prefix."""
    return Call(_script(_LIST, [key], [b"1" if recursive else b"0"]), list)


def get(key: str) -> Call[bytes | None]:
    """Return what stands under a key."""
    return Call([b"GET", key.encode()], _same)


def kind(key: str) -> Call[str]:
    """Return what is under a key: `string`, `zset` or `none`."""
    return Call([b"TYPE", key.encode()], _text)


def newest(key: str) -> Call[float]:
    """Return when something was stored below a prefix last, in seconds since the epoch."""
    return Call([b"ZREVRANGE", key.encode(), b"0", b"0", b"WITHSCORES"], _score)


def lock(key: str, token: str, milliseconds: int) -> Call[bool]:
    """Take a lock; tell whether it is taken."""
    return Call(_script(_LOCK, [key], [token.encode(), b"%d" % milliseconds]), bool)


def refresh(key: str, token: str, milliseconds: int) -> Call[bool]:
    """Keep a lock; tell whether it is still that of who has the token."""
    return Call(_script(_REFRESH, [key], [token.encode(), b"%d" % milliseconds]), bool)


def release(key: str, token: str) -> Call[bool]:
    """Let go of a lock, if it is that of who has the token."""
    return Call(_script(_RELEASE, [key], [token.encode()]), bool)


def ping() -> Call[None]:
    """Ask for nothing."""
    return Call([b"PING"], _nothing)


def _above(key: str) -> tuple[list[str], list[bytes]]:
    """Return the prefixes above a key, the nearest first, and what stands in the index of each."""
    parts = key.split("/")
    folders = ["/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
    names = [parts[-1].encode()]
    names += [f"{part}/".encode() for part in reversed(parts[1:-1])]
    return folders, names


def _script(text: bytes, keys: list[str], args: list[bytes]) -> list[bytes]:
    return [b"EVAL", text, b"%d" % len(keys), *(key.encode() for key in keys), *args]


def _same(reply: bytes | None) -> bytes | None:
    return reply


def _text(reply: bytes | str) -> str:
    return reply.decode() if isinstance(reply, bytes) else reply


def _score(reply: list[bytes]) -> float:
    return float(reply[1]) if reply else 0.0


def _nothing(_: object) -> None:
    return None
