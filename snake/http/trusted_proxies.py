"""Trusted proxies: whose headers are believed when they say who the client is.

Source: https://caddyserver.com/docs/caddyfile/options#trusted-proxies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from snake.http.ip_ranges import Within, parse_ip, without_port, write_ip
from snake.transport.asgi import Scope

UNIX_CLIENT = "@"
"""What stands for the address of a client on a Unix socket."""

DEFAULT_HEADERS = ("X-Forwarded-For",)


class Client(NamedTuple):
    """Who sent a request, and whether a proxy was trusted to say so."""

    ip: str
    """Without a zone; empty for a Unix socket."""
    trusted: bool


class TrustedProxies:
    """What one server believes of whom.

    `within` tells which peers are proxies. Of what the headers say, the first
    address counts; if `strict`, the last one that is no proxy.
    """

    def __init__(
        self, within: Within | None, headers: Sequence[str], *, strict: bool, unix: bool
    ) -> None:
        self._within = within or _nobody
        self._headers = [name.lower().encode("latin-1", "replace") for name in headers]
        self._strict = strict
        self._unix = unix

    def client(self, peer: str, fields: Sequence[tuple[bytes, bytes]]) -> Client:
        """Return who sent the header `fields` by way of `peer`."""
        if not peer:
            if not self._unix:
                return _UNKNOWN
            return Client(self._told(fields) or UNIX_CLIENT, trusted=True)
        if not self._within(peer):
            return Client(peer, trusted=False)
        return Client(self._told(fields) or peer, trusted=True)

    def _told(self, fields: Sequence[tuple[bytes, bytes]]) -> str | None:
        addresses = self._addresses(fields)
        if self._strict:
            return next((each for each in addresses if not self._within(each)), None)
        return next(addresses, None)

    def _addresses(self, fields: Sequence[tuple[bytes, bytes]]) -> Iterator[str]:
        """Yield the addresses in the headers; those of a header from its end if strict."""
        for name in self._headers:
            values = [value.decode("latin-1") for field, value in fields if field == name]
            parts = ",".join(values).split(",")
            for part in reversed(parts) if self._strict else parts:
                if address := _address(part):
                    yield address


class Arrival:
    """How one request came to a server that trusts proxies."""

    __slots__ = ("_client", "_fields", "_proxies", "_scope")

    def __init__(self, proxies: TrustedProxies, scope: Scope) -> None:
        self._proxies = proxies
        self._scope = scope
        # Handlers that change headers put new ones in the place of these.
        self._fields: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """Who sent it, by the headers that it came with."""
        if self._client is None:
            self._client = self._proxies.client(peer_ip(self._scope), self._fields)
        return self._client


def peer_ip(scope: Scope) -> str:
    """Return the address of the other end, without a zone; empty for a Unix socket."""
    client = scope.get("client")
    return client[0].partition("%")[0] if client else ""


@lru_cache(maxsize=1024)
def _address(part: str) -> str | None:
    """Return the address in a part of a header, which may have a port and a zone."""
    host = without_port(part).strip(" \t\n\v\f\r").partition("%")[0]
    address = parse_ip(host)
    return write_ip(address) if address else None


def _nobody(_: str) -> bool:
    return False


_UNKNOWN = Client("", trusted=False)
