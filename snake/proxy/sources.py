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

from typing import Annotated

import msgspec

from snake.caddyfile.fields import Fields, Reader, text, texts, time
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.config.struct import Config, Duration
from snake.core.modules import Module
from snake.core.namespace import In
from snake.proxy.resolver import UpstreamResolver

SOURCES = "http.reverse_proxy.upstreams"

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

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Multi:
        """Read `multi { … }`."""
        line.flag()
        return cls(sources=tuple(guests.json(each, SOURCES, "source") for each in line.lines))


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
