"""IP ranges: whether an address is in one of several networks.

An IPv4 address that is written as an IPv6 one (`::ffff:1.2.3.4`) is in no range of
IPv4, as in Caddy. The transport names clients by their IPv4 address.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from snake.core.modules import Context

_ENVIRONMENT = re.compile(r"\{env\.([^{}]+)\}")
"""The one placeholder that is known before any request."""

_BITS = re.compile(r"0|[1-9][0-9]*")
"""How many bits of an address its network has; a mask in its place is not taken."""

Within = Callable[[str], bool]
"""Whether an address, which may end in a zone and have a port, is in a range."""

Range = tuple[IPv4Network | IPv6Network, str]
"""A network, and the zone that an address in it must have (none: any)."""


def compile_ranges(ctx: Context, texts: Iterable[str]) -> Within:
    """Return whether an address is in any of the ranges. Raises `ConfigError`.

    A range may have `{env.NAME}` in it, and a zone behind a `%`.
    """
    return _remembering([_zoned(ctx, text) for text in texts])


def compile_plain_ranges(ctx: Context, texts: Iterable[str]) -> Within:
    """Return whether an address is in any of the ranges, which have no zones and no variables.

    Raises `ConfigError`.
    """
    return _remembering([(_network(ctx, text, text), "") for text in texts])


def parse_ip(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text without a zone is, or `None`."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def write_ip(address: IPv4Address | IPv6Address) -> str:
    """Write an address as Go does: one of IPv4 within IPv6 keeps its dots."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


def without_port(text: str) -> str:
    """Return the host of `host:port` or `[v6]:port`; what is neither stays as it is.

    Source: Go's `net.SplitHostPort`.
    """
    host, colon, _ = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return text
    return text if not colon or {"[", "]"} & set(host) else host


def _remembering(ranges: list[Range]) -> Within:
    """Remember the answer for an address, since one client asks often."""

    @lru_cache(maxsize=1024)
    def within(host: str) -> bool:
        text, _, zone = without_port(host).partition("%")
        address = parse_ip(text)
        return address is not None and any(
            address in network and wanted in ("", zone) for network, wanted in ranges
        )

    return within


def _zoned(ctx: Context, text: str) -> Range:
    filled = _ENVIRONMENT.sub(lambda found: os.environ.get(found[1], ""), text)
    address, *rest = filled.split("%")
    return _network(ctx, address, text), rest[0] if rest else ""


def _network(ctx: Context, address: str, text: str) -> IPv4Network | IPv6Network:
    _, slash, bits = address.partition("/")
    if "%" in address or (slash and not _BITS.fullmatch(bits)):
        raise ctx.fail(
            f"invalid IP range: '{text}'; expected one such as 10.0.0.0/8 or 2001:db8::1"
        )
    try:
        return ip_network(address, strict=False)
    except ValueError as error:
        raise ctx.fail(f"invalid IP range: '{text}': {error}") from None
