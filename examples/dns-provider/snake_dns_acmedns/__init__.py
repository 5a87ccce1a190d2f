"""acmedns: the records of an acme-dns server.

Syntax, as a provider::

    acmedns <server_url> {
        username  <name>
        password  <password>
        subdomain <name>
    }

The names to be proved have an alias there: `_acme-challenge.example.com CNAME <subdomain>.<zone>`.
An acme-dns server keeps the last two records of a subdomain, so nothing is ever deleted.

Source: https://github.com/acme-dns/acme-dns#update-endpoint.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Self
from urllib.request import Request, urlopen

from snake.plugin import (
    Context,
    DNSProvider,
    DNSProviderError,
    DNSRecord,
    Guests,
    Module,
    Segment,
    filled,
    subdirectives,
)

FIELDS = ("username", "password", "subdomain")
TIMEOUT = 20.0
"""Seconds for one request."""


class AcmeDNS(Module):
    """The JSON of `dns.providers.acmedns`."""

    id = "dns.providers.acmedns"

    server_url: str = ""
    username: str = ""
    password: str = ""
    subdomain: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `acmedns <server_url> { … }`."""
        del guests
        fields = {sub.name: sub.only().text for sub in subdirectives(line, FIELDS)}
        return cls(server_url=line.arg(), **fields)

    async def provision(self, ctx: Context) -> DNSProvider:
        """Fill placeholders such as `{env.PASSWORD}` now, and check what comes of them."""
        values = {name: filled(getattr(self, name)) for name in ("server_url", *FIELDS)}
        for name, value in values.items():
            if not value:
                raise ctx.at(name).fail(f"acmedns needs a {name}")
        if not values["server_url"].startswith(("http://", "https://")):
            raise ctx.at("server_url").fail("the server_url of acmedns begins with https://")
        return Subdomain(**values)


class Subdomain:
    """One subdomain of a server, whatever the zone."""

    def __init__(self, server_url: str, username: str, password: str, subdomain: str) -> None:
        self._url = f"{server_url.rstrip('/')}/update"
        self._subdomain = subdomain
        self._fields = {
            "X-Api-User": username,
            "X-Api-Key": password,
            "Content-Type": "application/json",
        }

    async def append_records(self, zone: str, records: Sequence[DNSRecord]) -> list[DNSRecord]:
        """Set the texts."""
        del zone
        for record in records:
            # urllib blocks, and the loop is that of the supervisor.
            await asyncio.to_thread(self._update, record.data)
        return list(records)

    async def delete_records(self, zone: str, records: Sequence[DNSRecord]) -> list[DNSRecord]:
        """Do nothing: the server has no way, and needs none."""
        del zone
        return list(records)

    def _update(self, text: str) -> None:
        body = json.dumps({"subdomain": self._subdomain, "txt": text}).encode()
        request = Request(self._url, body, self._fields)  # noqa: S310  (provision has looked)
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                answer.read(1 << 16)
        except OSError as error:  # an HTTP status is one, too
            raise DNSProviderError(f"acme-dns does not take the record: {error}") from None
