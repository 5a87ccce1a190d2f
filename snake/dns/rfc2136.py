"""rfc2136: a DNS server that takes updates, such as BIND, Knot or PowerDNS (RFC 2136).

Syntax, as a provider::

    rfc2136 {
        server   <address>
        key_name <name>
        key_alg  <algorithm>
        key      <base64>
    }

The key is one of TSIG (RFC 8945), for which the server allows updates. Algorithms are `hmac-sha256`
and the like. In all of them, `{env.NAME}` and `{file.path}` are replaced.

Source: https://github.com/caddy-dns/rfc2136.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.core.modules import Context, Module
from snake.core.surroundings import fill_all
from snake.dns.provider import Provider, ProviderError, Record, absolute
from snake.dns.resolver import Place, ResolverError, address_of, read_place

if TYPE_CHECKING:
    from dns.update import UpdateMessage

_FIELDS = ("key_name", "key_alg", "key", "server")
_ALGORITHMS = (
    *("hmac-sha256", "hmac-sha512", "hmac-sha384", "hmac-sha224", "hmac-sha1"),
    *("hmac-sha256-128", "hmac-sha384-192", "hmac-sha512-256", "hmac-md5.sig-alg.reg.int"),
)
_TIMEOUT = 10.0
"""Seconds that an update may take."""
_STRING = 255
"""Bytes of one part of a text (RFC 1035 §3.3.14)."""
_WHY = {
    "REFUSED": "its policy does not allow this key to change it",
    "NOTAUTH": "it is not in charge of the zone",
    "NOTZONE": "the record is not in the zone",
    "NOTIMP": "it takes no updates",
}


class RFC2136(Module):
    """The JSON of `dns.providers.rfc2136`."""

    id = "dns.providers.rfc2136"

    key_name: str = ""
    key_alg: str = ""
    key: str = ""
    server: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `rfc2136 { … }`, all of whose lines are needed. Words on the line mean nothing."""
        del guests
        fields: dict[str, str] = {}
        for sub in subdirectives(line, _FIELDS):
            words = sub.all()
            if len(words) > 1:
                words[1].fail(f"{sub.name} takes one argument, got {len(words)}")
            fields[sub.name] = words[0].text if words else fields.get(sub.name, "")
        for name in _FIELDS:
            if not fields.get(name):
                line.fail(f"rfc2136: missing {name}")
        return cls(**fields)

    async def provision(self, ctx: Context) -> Provider:
        """Read the key and the address now. Raises `ConfigError`."""
        given = {name: fill_all(getattr(self, name)).strip() for name in _FIELDS}
        for name in _FIELDS:
            if not given[name]:
                raise ctx.at(name).fail(f"{name} of rfc2136 is empty")
        algorithm = given["key_alg"].lower().removesuffix(".")
        if algorithm not in _ALGORITHMS:
            raise ctx.at("key_alg").fail(
                f"unknown algorithm {algorithm!r}, expected one of {', '.join(_ALGORITHMS)}"
            )
        try:
            secret = base64.b64decode(given["key"], validate=True)
        except binascii.Error:
            raise ctx.at("key").fail("the key is not in base64") from None
        try:
            place = read_place(given["server"])
        except ResolverError as error:
            raise ctx.at("server").fail(str(error)) from None
        return Updates(place, given["key_name"], algorithm, secret)


class Updates:
    """A `Provider` of a server that takes updates. Each is one message, so it is all or nothing."""

    def __init__(self, place: Place, key_name: str, algorithm: str, secret: bytes) -> None:
        self._place = place
        self._key_name = key_name
        self._algorithm = algorithm
        self._secret = secret

    async def append_records(self, zone: str, records: Sequence[Record]) -> list[Record]:
        """Add records. Raises `ProviderError`."""
        return await self._changed(zone, records, add=True)

    async def delete_records(self, zone: str, records: Sequence[Record]) -> list[Record]:
        """Delete records. Raises `ProviderError`."""
        return await self._changed(zone, records, add=False)

    async def _changed(self, zone: str, records: Sequence[Record], *, add: bool) -> list[Record]:
        import dns.exception  # noqa: PLC0415  (slow, and seldom needed)

        update = self._update(zone)
        for record in records:
            name, data = absolute(record.name, zone), _data(record)
            try:
                if add:
                    update.add(name, int(record.ttl), record.type, data)
                else:
                    update.delete(name, record.type, data)
            except (dns.exception.DNSException, ValueError) as error:
                raise ProviderError(f"there can be no such record {name!a}: {error}") from None
        await self._send(update, zone)
        return list(records)

    def _update(self, zone: str) -> UpdateMessage:
        import dns.exception  # noqa: PLC0415  (slow, and seldom needed)
        import dns.name  # noqa: PLC0415
        import dns.tsig  # noqa: PLC0415
        import dns.update  # noqa: PLC0415

        try:
            name = dns.name.from_text(self._key_name)
            key = dns.tsig.Key(name, self._secret, self._algorithm)
            return dns.update.UpdateMessage(zone, keyring={name: key}, keyname=name)
        except (dns.exception.DNSException, UnicodeError) as error:
            raise ProviderError(f"{self._key_name!r} is no name of a key: {error}") from None

    async def _send(self, update: UpdateMessage, zone: str) -> None:
        import dns.asyncquery  # noqa: PLC0415  (slow, and seldom needed)
        import dns.exception  # noqa: PLC0415
        import dns.tsig  # noqa: PLC0415

        try:
            address = await address_of(self._place)
            answer: Any = await dns.asyncquery.tcp(
                update, address, timeout=_TIMEOUT, port=self._place.port
            )
        except dns.exception.Timeout:
            raise self._failure(f"did not answer within {_TIMEOUT:g} s") from None
        except dns.tsig.PeerBadKey:
            raise self._failure(f"does not know the key {self._key_name!r}") from None
        except dns.tsig.PeerBadSignature:
            raise self._failure(f"has another secret for the key {self._key_name!r}") from None
        except (dns.tsig.PeerBadTime, dns.tsig.BadTime):
            raise self._failure("has another time: one of the two clocks is wrong") from None
        except (dns.exception.DNSException, OSError, EOFError, ResolverError) as error:
            raise self._failure(f"cannot be asked: {error}") from None
        code = answer.rcode().name
        if code != "NOERROR":
            why = _WHY.get(code, "it does not say why")
            raise self._failure(f"does not change {zone} ({code}): {why}")

    def _failure(self, what: str) -> ProviderError:
        return ProviderError(f"the DNS server {self._place} {what}")


def _data(record: Record) -> str:
    """Return what a zone file has."""
    if record.type != "TXT":
        return record.data
    text = record.data.encode()
    parts = [text[index : index + _STRING] for index in range(0, len(text), _STRING)] or [b""]
    return " ".join(f'"{"".join(map(_escaped, part))}"' for part in parts)


def _escaped(byte: int) -> str:
    """Return a byte of a text in quotes (RFC 1035 §5.1)."""
    text = chr(byte)
    return text if text.isascii() and text.isprintable() and text not in '"\\' else f"\\{byte:03}"
