"""The cache that all processes of an app share.

::

    from snake import cache

    cache.set("greeting", "hello", ttl=60)
    cache.get("greeting")                     # b"hello"
    await cache.aget("greeting")              # the same, for a task

The functions here are the methods of one `Cache`, whose address is in the variable
`SNAKE_CACHE`; `snake run` sets it. `Cache("redis://localhost")` is another one. A key is a
`str` or `bytes`, a value `str`, `bytes`, `int` or `float`; what comes back is `bytes`.
"""

from __future__ import annotations

from snake.cache.failure import (
    CacheConfigurationError,
    CacheError,
    CacheTypeError,
    CacheUnavailableError,
)
from snake.cache.tasks import Cache

_default = Cache()

get = _default.get
mget = _default.mget
set = _default.set
setnx = _default.setnx
getdel = _default.getdel
delete = _default.delete
exists = _default.exists
expire = _default.expire
persist = _default.persist
ttl = _default.ttl
incr = _default.incr
lpush = _default.lpush
rpush = _default.rpush
lpop = _default.lpop
rpop = _default.rpop
lrange = _default.lrange
llen = _default.llen
sadd = _default.sadd
srem = _default.srem
smembers = _default.smembers
sismember = _default.sismember
publish = _default.publish
ping = _default.ping
keys = _default.keys
subscribe = _default.subscribe

aget = _default.aget
amget = _default.amget
aset = _default.aset
asetnx = _default.asetnx
agetdel = _default.agetdel
adelete = _default.adelete
aexists = _default.aexists
aexpire = _default.aexpire
apersist = _default.apersist
attl = _default.attl
aincr = _default.aincr
alpush = _default.alpush
arpush = _default.arpush
alpop = _default.alpop
arpop = _default.arpop
alrange = _default.alrange
allen = _default.allen
asadd = _default.asadd
asrem = _default.asrem
asmembers = _default.asmembers
asismember = _default.asismember
apublish = _default.apublish
aping = _default.aping
akeys = _default.akeys
asubscribe = _default.asubscribe

close = _default.close
aclose = _default.aclose

__all__ = [
    "Cache",
    "CacheConfigurationError",
    "CacheError",
    "CacheTypeError",
    "CacheUnavailableError",
    "aclose",
    "adelete",
    "aexists",
    "aexpire",
    "aget",
    "agetdel",
    "aincr",
    "akeys",
    "allen",
    "alpop",
    "alpush",
    "alrange",
    "amget",
    "apersist",
    "aping",
    "apublish",
    "arpop",
    "arpush",
    "asadd",
    "aset",
    "asetnx",
    "asismember",
    "asmembers",
    "asrem",
    "asubscribe",
    "attl",
    "close",
    "delete",
    "exists",
    "expire",
    "get",
    "getdel",
    "incr",
    "keys",
    "llen",
    "lpop",
    "lpush",
    "lrange",
    "mget",
    "persist",
    "ping",
    "publish",
    "rpop",
    "rpush",
    "sadd",
    "set",
    "setnx",
    "sismember",
    "smembers",
    "srem",
    "subscribe",
    "ttl",
]
