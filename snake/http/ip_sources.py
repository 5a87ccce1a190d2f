"""Sources of IP ranges: whom `trusted_proxies` trusts.

Source: https://caddyserver.com/docs/caddyfile/options#trusted-proxies.
"""

from __future__ import annotations

from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.core.modules import Module

PRIVATE_RANGES = (
    "192.168.0.0/16",
    "172.16.0.0/12",
    "10.0.0.0/8",
    "127.0.0.1/8",
    "fd00::/8",
    "::1",
)
"""What `private_ranges` stands for."""


def spelled_out(ranges: list[str]) -> tuple[str, ...]:
    """Return the ranges, with all those that `private_ranges` stands for in its place."""
    return tuple(
        each
        for given in ranges
        for each in (PRIVATE_RANGES if given == "private_ranges" else (given,))
    )


class Static(Module):
    """The JSON of `http.ip_sources.static`: ranges that are written down."""

    id = "http.ip_sources.static"

    ranges: tuple[str, ...] = ()

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `static <ranges...>`."""
        del guests
        return cls(ranges=spelled_out(line.texts))
