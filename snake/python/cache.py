"""Cache: the cache that an app's workers share, as fields and as lines."""

from __future__ import annotations

from snake.caddyfile.words import Words, subdirectives
from snake.config.struct import Config

SUBDIRECTIVES = ("mode", "listen", "advertise", "peer", "peers", "namespace", "secret")


class Cache(Config):
    """Where the cache is, and who shares it."""

    mode: str = ""
    listen: str = ""
    advertise: str = ""
    peers: tuple[str, ...] = ()
    namespace: str = ""
    secret: str = ""


def read_cache(words: Words) -> Cache:
    """Read a `cache` line: `cache local`, `cache cluster { … }` or `cache { mode … }`."""
    mode = words.all()
    if len(mode) > 1:
        mode[1].fail("expected cache mode or a cache block")
    fields = {"mode": mode[0].text} if mode else {}
    peers: list[str] = []
    for sub in subdirectives(words.block(), SUBDIRECTIVES):
        if sub.name in ("peer", "peers"):
            peers += [word.text for word in sub.some("one address or more, host:port")]
        else:
            fields[sub.name] = sub.take("one argument").text
    fields["mode"] = fields.get("mode") or "cluster"
    return Cache(**fields, peers=tuple(peers))
