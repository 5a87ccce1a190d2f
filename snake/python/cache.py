"""Cache: the cache that an app's workers share, as fields and as lines."""

from __future__ import annotations

from snake.caddyfile.words import Words, subdirectives
from snake.config.struct import Config
from snake.core.errors import ConfigError
from snake.core.variables import CACHE

SUBDIRECTIVES = ("mode", "listen", "advertise", "peer", "peers", "namespace", "secret")
OWN = "cache cluster is not available in snake: machines share a Redis or Valkey, cache redis://…"


class Cache(Config):
    """Where the cache is, and who shares it: Caddy Snake's fields, and snake's `url`."""

    url: str = ""
    """A Redis or Valkey, see `cache.address`; without it the cache is snake's own."""
    mode: str = ""
    listen: str = ""
    advertise: str = ""
    peers: tuple[str, ...] = ()
    namespace: str = ""
    secret: str = ""

    def check(self) -> None:
        """Raise `ConfigError` for what contradicts itself, and for what there is not."""
        options = (self.listen, self.advertise, self.peers, self.namespace, self.secret)
        if self.mode == "cluster":
            raise ConfigError(OWN)
        if self.mode not in ("", "local"):
            raise ConfigError(
                f'unknown cache mode "{self.mode}"; expected local, or an address: redis://host'
            )
        if any(options):
            raise ConfigError("cache local does not accept cluster options")
        if self.url and self.mode:
            raise ConfigError("cache has a url or a mode, not both")
        if self.url:
            check_url(self.url)


def check_url(url: str) -> None:
    """Raise `ConfigError` for what is no address of a cache."""
    # Few configs name a cache, and the client takes a while to import.
    from snake.cache.address import parse  # noqa: PLC0415
    from snake.cache.failure import CacheConfigurationError  # noqa: PLC0415

    try:
        parse(url)
    except CacheConfigurationError as error:
        raise ConfigError(str(error)) from None


def variables(cache: Cache | None) -> dict[str, str]:
    """Return the environment variables by which an app finds the cache that it has named."""
    return {CACHE: cache.url} if cache is not None and cache.url else {}


def read_cache(words: Words) -> Cache:
    """Read a `cache` line.

    ::

        cache local
        cache redis://<host>
        cache cluster { … }
        cache { mode … }
    """
    mode = words.all()
    if len(mode) > 1:
        mode[1].fail("expected cache mode or a cache block")
    if mode and "://" in mode[0].text:
        words.read(mode[0], check_url)
        return Cache(url=mode[0].text)
    fields = {"mode": mode[0].text} if mode else {}
    peers: list[str] = []
    for sub in subdirectives(words.block(), SUBDIRECTIVES):
        if sub.name in ("peer", "peers"):
            peers += [word.text for word in sub.some("one address or more, host:port")]
        else:
            fields[sub.name] = sub.take("one argument").text
    fields["mode"] = fields.get("mode") or "cluster"
    return Cache(**fields, peers=tuple(peers))
