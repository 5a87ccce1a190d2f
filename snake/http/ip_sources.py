"""Sources of IP ranges: whom `trusted_proxies` trusts.

Source: https://caddyserver.com/docs/caddyfile/options#trusted-proxies.
"""

from __future__ import annotations

from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.core.modules import Context, Module
from snake.core.ranges import spelled_out
from snake.http.ip_ranges import Within, compile_plain_ranges


class Static(Module):
    """The JSON of `http.ip_sources.static`: ranges that are written down."""

    id = "http.ip_sources.static"

    ranges: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> Within:
        """Parse the ranges."""
        return compile_plain_ranges(ctx.at("ranges"), self.ranges)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `static <ranges...>`."""
        del guests
        return cls(ranges=spelled_out(line.texts))
