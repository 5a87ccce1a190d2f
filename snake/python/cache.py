"""Cache: the cache that an app's workers share, as fields and as lines."""

from __future__ import annotations

from snake.caddyfile.segments import Segment
from snake.config.struct import Config
from snake.core.suggest import suggestion

SUBDIRECTIVES = ("mode", "listen", "advertise", "peer", "peers", "namespace", "secret")


class Cache(Config):
    """Where the cache is, and who shares it."""

    mode: str = ""
    listen: str = ""
    advertise: str = ""
    peers: tuple[str, ...] = ()
    namespace: str = ""
    secret: str = ""


def read_cache(line: Segment) -> Cache:
    """Read a `cache` line: `cache local`, `cache cluster { … }` or `cache { mode … }`."""
    fields: dict[str, str] = {}
    peers: list[str] = []
    if line.args:
        fields["mode"] = line.arg()
    for sub in line.lines:
        match sub.name:
            case "peer" | "peers":
                if not sub.args:
                    sub.fail(f"{sub.name} takes at least one argument, host:port")
                peers += sub.texts
            case name if name in SUBDIRECTIVES:
                fields[name] = sub.arg()
            case name:
                hint = suggestion(name, SUBDIRECTIVES)
                sub.fail(f"unknown cache subdirective: {name}{hint}")
    return Cache(**fields, peers=tuple(peers))
