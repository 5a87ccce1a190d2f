"""Provider: the contract of what changes the records of a zone.

A module of the namespace `dns.providers` provisions to one. The nouns are those of libdns
(https://github.com/libdns/libdns), so that what is known of one of its providers is true here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from snake.core.errors import SnakeError
from snake.core.record import Record as Value

APEX = "@"
"""The name of a record that stands at the zone itself."""


class ProviderError(SnakeError):
    """Records that were not changed, and why. It has no secrets of the provider."""


class Record(Value):
    """A resource record (RFC 1034 §3.6)."""

    type: str
    """`TXT`, `CNAME`, …"""
    name: str
    """Relative to its zone, such as `_acme-challenge.www`; `@` for the zone itself."""
    data: str
    """As a zone file has it; but of `TXT` the text itself, without quotes and in one part."""
    ttl: float = 0
    """Seconds; 0 is what the provider finds best."""


class Provider(Protocol):
    """Changes records. May be called for several changes at once.

    `zone` is a name that ends in a dot, such as `example.com.`. Every method raises
    `ProviderError` when it fails. It takes a minute at most, and can be cancelled: what it had
    begun then may have happened or not.
    """

    async def append_records(self, zone: str, records: Sequence[Record]) -> list[Record]:
        """Add records beside those that there are; return them as they are now."""
        ...

    async def delete_records(self, zone: str, records: Sequence[Record]) -> list[Record]:
        """Delete records that have this type, name and data; return those that were there.

        One that is not there is no error.
        """
        ...


class Defaults(Value):
    """What `apps.tls` says for all that has to do with the DNS: a service of the supervisor."""

    provider: Provider | None = None
    resolvers: tuple[str, ...] = ()


def absolute(name: str, zone: str) -> str:
    """Return the whole name of a record, with a dot at its end."""
    return zone if name == APEX else f"{name}.{zone}"


def relative(name: str, zone: str) -> str:
    """Return the name of a record in its zone, from its whole name."""
    name, zone = name.lower().removesuffix("."), zone.lower().removesuffix(".")
    return APEX if name == zone else name.removesuffix(f".{zone}")
