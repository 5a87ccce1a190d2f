"""remote_ip: match by the address of the client.

Syntax::

    remote_ip <ranges...>

A range is an address or a CIDR range, with a zone after a `%` if it has one;
`private_ranges` stands for all private ones, `{env.NAME}` for a variable. The
address is that of the connection, whatever the headers say.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from snake.core.ranges import PRIVATE_RANGES
from snake.plugin import (
    Context,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Request,
    Scope,
    Segment,
)

_ENVIRONMENT = re.compile(r"\{env\.([^{}]+)\}")
"""The one placeholder that is known before any request."""

Range = tuple[IPv4Network | IPv6Network, str]
"""A network, and the zone that an address in it must have (none: any)."""


class RemoteIP(MatcherModule):
    """The JSON of `http.matchers.remote_ip`."""

    id = "http.matchers.remote_ip"

    ranges: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> Matcher:
        """Parse the ranges; a client's answer is remembered, since one client asks often."""
        ranges = [_range(ctx, text) for text in self.ranges]

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

        def match(request: Request) -> bool:
            client = request.scope.get("client")
            return client is not None and within(client[0])

        return match


def _range(ctx: Context, text: str) -> Range:
    filled = _ENVIRONMENT.sub(lambda found: os.environ.get(found[1], ""), text)
    address, percent, rest = filled.partition("%")
    zone, slash, bits = rest.partition("/") if percent else ("", "", "")
    try:
        network = ip_network(f"{address}{slash}{bits}", strict=False)
    except ValueError as error:
        raise ctx.fail(f"invalid IP range: '{text}': {error}") from None
    return network, zone


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> RemoteIP:
    """Read `remote_ip` lines; their ranges add up."""
    del name, scope
    ranges: list[str] = []
    for line in lines:
        line.no_block()
        for word in line.args:
            if word.text == "forwarded":
                word.fail(
                    "the 'forwarded' option is no longer supported; "
                    "use the 'client_ip' matcher instead"
                )
            ranges += PRIVATE_RANGES if word.text == "private_ranges" else (word.text,)
    return RemoteIP(ranges=tuple(ranges))


matcher = MatcherSyntax("remote_ip", parse)
