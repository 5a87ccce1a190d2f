"""Address: where a cache is, as a URL.

::

    unix:///run/snake/cache.sock?token=…       snake's own
    redis://[[name]:password@]host[:port][/db]  Redis or Valkey; rediss:// over TLS
    unix://[[name]:password@]/redis.sock?db=1   Redis or Valkey on a Unix socket

Each may have `?timeout=<seconds>`; those of Redis `?namespace=<name>`, which stands before
every key (`snake`; nothing, if it is empty), and `rediss` `?cafile=<file>`.
"""

from __future__ import annotations

import math
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from snake.cache.failure import CacheConfigurationError
from snake.core.suggest import suggestion

PORT = 6379
TIMEOUT = 5.0
NAMESPACE = "snake"
TCP = {"redis": False, "valkey": False, "rediss": True, "valkeys": True}
"""The schemes of servers over TCP, and whether it is with TLS."""
SCHEMES = (*TCP, "unix")


class Address(NamedTuple):
    """A URL, taken apart."""

    path: str = ""
    """The Unix socket; empty for TCP."""
    host: str = ""
    port: int = PORT
    tls: bool = False
    cafile: str = ""
    cadata: str = ""
    """The certificates that are believed, as PEM; not in a URL."""
    insecure: bool = False
    """Whether any certificate is believed; not in a URL."""
    name: str = ""
    secret: str = ""
    """The password, or the token for snake's own cache."""
    db: int = 0
    prefix: bytes = b""
    """What stands before every key and channel."""
    timeout: float = TIMEOUT

    @property
    def shown(self) -> str:
        """The address without what is secret."""
        return self.path or f"{self.host}:{self.port}"


def parse(url: str) -> Address:
    """Take a URL apart. Raises `CacheConfigurationError`, whose message has no secret in it."""
    if "#" in url:
        raise CacheConfigurationError("the address of a cache has no #; in a password it is %23")
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError:  # its message may have a part of a password in it
        raise CacheConfigurationError(
            "the address of the cache is no URL, or its port no number up to 65535"
        ) from None
    if parts.scheme not in SCHEMES:
        hint = suggestion(parts.scheme, SCHEMES)
        raise CacheConfigurationError(
            "the address of a cache begins with redis://, rediss:// or unix://, "
            f'not "{parts.scheme}"{hint}'
        )
    options = _options(parts)
    secret = unquote(parts.password or "")
    common = Address(
        name=unquote(parts.username or ""),
        secret=options.get("token") or options.get("password") or secret,
        timeout=_timeout(options.get("timeout")),
        prefix=_prefix(options),
    )
    if parts.scheme == "unix":
        if parts.hostname or not parts.path.strip("/"):
            raise CacheConfigurationError(
                "a unix:// address has three slashes and then the path of the socket"
            )
        return common._replace(path=unquote(parts.path), db=_db(options.get("db", "")))
    if not parts.hostname:
        raise CacheConfigurationError(f"a {parts.scheme}:// address names a host")
    return common._replace(
        host=parts.hostname,
        port=port,
        tls=TCP[parts.scheme],
        cafile=options.get("cafile", ""),
        db=_db(parts.path.strip("/") or options.get("db", "")),
    )


def _options(parts: SplitResult) -> dict[str, str]:
    known = {"timeout", "namespace", "db", "password"}
    known |= {"token"} if parts.scheme == "unix" else {"cafile"} if TCP[parts.scheme] else set()
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in options:
        if name not in known:
            raise CacheConfigurationError(
                f'a {parts.scheme}:// address has no option "{name}"{suggestion(name, known)}'
            )
    if "token" in options and options.keys() & {"db", "namespace", "password"}:
        raise CacheConfigurationError("the address of snake's own cache has a token and no more")
    return options


def _prefix(options: dict[str, str]) -> bytes:
    if "token" in options:
        return b""
    namespace = options.get("namespace", NAMESPACE)
    return f"{namespace}:".encode() if namespace else b""


def _timeout(text: str | None) -> float:
    if text is None:
        return TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise CacheConfigurationError(f'timeout is a number of seconds, not "{text}"')
    return seconds


def _db(text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:  # noqa: PLR2004
        raise CacheConfigurationError(f'the database of a Redis is a number, not "{text}"')
    return int(text)
