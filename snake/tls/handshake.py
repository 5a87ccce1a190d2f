"""Handshake matchers: which connections a policy is for.

Source: https://caddyserver.com/docs/json/apps/http/servers/tls_connection_policies/match/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from snake.core.hostname import ascii_name
from snake.core.modules import Context, Module
from snake.core.regexp import RegexpError, compile_regexp
from snake.core.surroundings import fill_all
from snake.tls.hello import Hello
from snake.tls.subjects import patterns

Match = Callable[[Hello, str, str], bool]
"""Whether a hello that came to an address of ours, from one of a client, is meant."""

_WORD = re.compile(r"\w+", re.ASCII)


class SNI(Module):
    """The JSON of `tls.handshake_match.sni`: names that the client asks for."""

    id = "tls.handshake_match.sni"
    bare = "names"

    names: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> Named:
        """Write the names as clients do."""
        del ctx
        return Named(ascii_name(fill_all(name)) for name in self.names)


class Named:
    """Whether a client asks for one of some names."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.wild = any("*" in name for name in self.names)
        """Whether some of them stand for many."""

    def __call__(self, hello: Hello, local_ip: str, remote_ip: str) -> bool:
        """Whether it does."""
        del local_ip, remote_ip
        name = hello.server_name
        return name in self.names or (self.wild and not self.names.isdisjoint(patterns(name)))


class SNIRegexp(Module):
    """The JSON of `tls.handshake_match.sni_regexp`: such names, by a pattern."""

    id = "tls.handshake_match.sni_regexp"

    name: str = ""
    pattern: str = ""

    async def provision(self, ctx: Context) -> Match:
        """Compile the pattern. Raises `ConfigError`."""
        if self.name and not _WORD.fullmatch(self.name):
            raise ctx.at("name").fail(
                f"invalid regexp name (must contain only word characters): {self.name}"
            )
        try:
            search = compile_regexp(fill_all(self.pattern)).search
        except RegexpError as error:
            raise ctx.at("pattern").fail(f"matcher regexp {self.pattern}: {error}") from None
        return lambda hello, _, __: search(hello.server_name) is not None


class RemoteIP(Module):
    """The JSON of `tls.handshake_match.remote_ip`: where the client is."""

    id = "tls.handshake_match.remote_ip"

    ranges: tuple[str, ...] = ()
    not_ranges: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> Match:
        """Read the ranges. Raises `ConfigError`."""
        wanted = _networks(ctx.at("ranges"), self.ranges)
        others = _networks(ctx.at("not_ranges"), self.not_ranges)

        def match(hello: Hello, local_ip: str, remote_ip: str) -> bool:
            del hello, local_ip
            address = _address(remote_ip)
            if address is None:
                return False
            return (not wanted or _within(address, wanted)) and not _within(address, others)

        return match


class LocalIP(Module):
    """The JSON of `tls.handshake_match.local_ip`: which address of ours it came to."""

    id = "tls.handshake_match.local_ip"

    ranges: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> Match:
        """Read the ranges. Raises `ConfigError`."""
        wanted = _networks(ctx.at("ranges"), self.ranges)

        def match(hello: Hello, local_ip: str, remote_ip: str) -> bool:
            del hello, remote_ip
            address = _address(local_ip)
            return address is not None and (not wanted or _within(address, wanted))

        return match


Network = IPv4Network | IPv6Network


def _networks(ctx: Context, texts: Iterable[str]) -> tuple[Network, ...]:
    found = []
    for index, text in enumerate(texts):
        try:
            found.append(ip_network(fill_all(text), strict=False))
        except ValueError as error:
            raise ctx.at(index).fail(f"no IP address and no network: {error}") from None
    return tuple(found)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _within(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
