"""IP ranges: whether an address is in one of several networks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from snake.core.modules import Context

_ENVIRONMENT = re.compile(r"\{env\.([^{}]+)\}")
"""The one placeholder that is known before any request."""

Range = tuple[IPv4Network | IPv6Network, str]
"""A network, and the zone that an address in it must have (none: any)."""


def compile_ranges(ctx: Context, texts: Iterable[str]) -> Callable[[str], bool]:
    """Return whether an address is in any of the ranges. Raises `ConfigError`.

    The answer for an address is remembered, since one client asks often.
    """
    ranges = [_range(ctx, text) for text in texts]

    @lru_cache(maxsize=1024)
    def within(host: str) -> bool:
        address_text, _, zone = host.partition("%")
        try:
            address = ip_address(address_text)
        except ValueError:
            return False
        # A dual-stack socket names IPv4 clients ::ffff:1.2.3.4.
        if address.version == 6:  # noqa: PLR2004
            address = address.ipv4_mapped or address
        return any(address in network and wanted in ("", zone) for network, wanted in ranges)

    return within


def _range(ctx: Context, text: str) -> Range:
    filled = _ENVIRONMENT.sub(lambda found: os.environ.get(found[1], ""), text)
    address, percent, rest = filled.partition("%")
    zone, slash, bits = rest.partition("/") if percent else ("", "", "")
    try:
        network = ip_network(f"{address}{slash}{bits}", strict=False)
    except ValueError as error:
        raise ctx.fail(f"invalid IP range: '{text}': {error}") from None
    return network, zone
