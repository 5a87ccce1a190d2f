"""Upstream sources: where upstreams come from that are not in the config.

Syntax, inside `reverse_proxy`::

    dynamic a [<name> [<port>]] {
        name      <name>
        port      <port>
        refresh   <duration>
        resolvers <addresses...>
        dial_timeout | dial_fallback_delay <duration>
        versions  ipv4 | ipv6
    }
    dynamic srv [<name>] {
        service   <service>
        proto     <proto>
        name      <name>
        refresh   <duration>
        resolvers <addresses...>
        dial_timeout | dial_fallback_delay | grace_period <duration>
    }
    dynamic multi {
        <source> [...]
    }
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec

from snake.caddyfile.fields import Fields, Reader, text, texts, time
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.config.struct import Config, Duration, nanoseconds
from snake.core.dial import join_host_port, join_network
from snake.core.modules import Context, Module
from snake.core.namespace import In
from snake.core.network import AddressError
from snake.core.units import SECOND
from snake.http.request import Request
from snake.http.template import Template
from snake.proxy.backend import Backend, Backends
from snake.proxy.dns import DNS, read_server
from snake.proxy.resolver import UpstreamResolver
from snake.proxy.source import Found, Lookup, Several, Source

SOURCES = "http.reverse_proxy.upstreams"

_REFRESH = 60.0
"""Seconds for which what was found counts, unless `refresh` says otherwise."""

_TABLE = {
    "refresh": ("refresh", time),
    "resolvers": ("resolver/addresses", texts),
    "dial_timeout": ("dial_timeout", time),
    "dial_fallback_delay": ("dial_fallback_delay", time),
}


class IPVersions(Config):
    """Which addresses are asked for; both if none is named."""

    ipv4: bool | None = None
    ipv6: bool | None = None

    def together(self) -> str:
        """Return the addresses that are asked for in a word: `ip`, `ip4` or `ip6`."""
        only = [
            name
            for name, wanted, other in (
                ("ip4", self.ipv4, self.ipv6),
                ("ip6", self.ipv6, self.ipv4),
            )
            if wanted or (wanted is None and other is None)
        ]
        return only[0] if len(only) == 1 else "ip"


class A(Module):
    """The JSON of `http.reverse_proxy.upstreams.a`: the addresses of a name."""

    id = f"{SOURCES}.a"

    name: str = ""
    port: str = ""
    refresh: Duration = 0
    resolver: UpstreamResolver | None = None
    dial_timeout: Duration = 0
    dial_fallback_delay: Duration = 0
    versions: IPVersions | None = None

    async def provision(self, ctx: Context) -> Source:
        """Return the source. Raises `ConfigError` for addresses of resolvers that are none."""
        version = (self.versions or IPVersions()).together()
        name, port = Template(self.name).all, Template(self.port or "80").all
        dns = _dns(ctx, self.resolver, self.dial_timeout)
        make = _maker(ctx)

        def key(request: Request) -> str:
            return join_host_port(name(request), port(request))

        async def find(request: Request) -> list[Backend]:
            found = await dns.addresses(name(request), version)
            return [make(join_host_port(address, port(request))) for address in found]

        return Found(Lookup(_seconds(self.refresh) or _REFRESH), key, find)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> A:
        """Read `a [<name> [<port>]]`."""
        del guests
        words, fields = Words(line), Fields()
        _arguments(words, fields, "name", "port")
        readers = {
            "name": _once(fields, "name"),
            "port": _once(fields, "port"),
            "versions": lambda words: _versions(words, fields),
        }
        fields.read(words.block(), _TABLE, readers)
        return msgspec.convert(fields.values, cls)


class SRV(Module):
    """The JSON of `http.reverse_proxy.upstreams.srv`: the SRV records of a name."""

    id = f"{SOURCES}.srv"

    service: str = ""
    proto: str = ""
    name: str = ""
    refresh: Duration = 0
    grace_period: Duration = 0
    resolver: UpstreamResolver | None = None
    dial_timeout: Duration = 0
    dial_fallback_delay: Duration = 0
    dial_network: str = ""

    async def provision(self, ctx: Context) -> Source:
        """Return the source. Raises `ConfigError` for addresses of resolvers that are none."""
        labels = f"_{self.service}._{self.proto}." if self.service or self.proto else ""
        name = Template(labels + self.name).all
        dns = _dns(ctx, self.resolver, self.dial_timeout)
        make = _maker(ctx)

        async def find(request: Request) -> list[Backend]:
            return [
                make(join_network(self.dial_network, each.target, str(each.port)))
                for each in await dns.services(name(request))
            ]

        lookup = Lookup(_seconds(self.refresh) or _REFRESH, _seconds(self.grace_period))
        return Found(lookup, name, find, forgetful=True)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> SRV:
        """Read `srv [<name>]`."""
        del guests
        words, fields = Words(line), Fields()
        _arguments(words, fields, "name")
        readers = {
            "grace_period": fields.reader("grace_period", time),
            "service": _once(fields, "service"),
            "proto": _once(fields, "proto"),
            "name": _once(fields, "name"),
        }
        fields.read(words.block(), _TABLE, readers)
        return msgspec.convert(fields.values, cls)


class Multi(Module):
    """The JSON of `http.reverse_proxy.upstreams.multi`: several sources, one after another."""

    id = f"{SOURCES}.multi"

    sources: tuple[Annotated[msgspec.Raw, In(SOURCES, "source")], ...] = ()

    async def provision(self, ctx: Context) -> Source:
        """Provision each source."""
        return Several(
            [
                await ctx.at("sources", index).load(raw, namespace=SOURCES, key="source")
                for index, raw in enumerate(self.sources)
            ]
        )

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Multi:
        """Read `multi { … }`."""
        line.flag()
        return cls(sources=tuple(guests.json(each, SOURCES, "source") for each in line.lines))


def _dns(ctx: Context, resolver: UpstreamResolver | None, timeout: Duration) -> DNS:
    if resolver is None:
        return DNS()
    servers = []
    for index, address in enumerate(resolver.addresses):
        try:
            servers.append(read_server(address))
        except AddressError as error:
            raise ctx.at("resolver", "addresses", index).fail(str(error)) from None
    return DNS(servers, _seconds(timeout))


def _maker(ctx: Context) -> Callable[[str], Backend]:
    backends = ctx.service(Backends)
    if backends is None:
        raise ctx.fail("a source of upstreams is for reverse_proxy alone")
    return backends.make


def _seconds(value: Duration) -> float:
    return nanoseconds(value) / SECOND


def _arguments(words: Words, fields: Fields, *paths: str) -> None:
    for path in paths:
        if words.has_arguments:
            fields.set(path, text(words))
    words.none()


def _once(fields: Fields, path: str) -> Reader:
    def read(words: Words) -> None:
        word = words.take()
        if fields.get(path):
            word.fail(f"{path} has already been specified")
        fields.set(path, word.text)

    return read


def _versions(words: Words, fields: Fields) -> None:
    for word in words.some():
        if word.text not in ("ipv4", "ipv6"):
            word.fail(f"unsupported version: '{word}'", "one of: ipv4, ipv6")
        fields.set(f"versions/{word}", value=True)
