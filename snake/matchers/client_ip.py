"""client_ip: match by the address of the client, as trusted proxies tell it.

Syntax::

    client_ip <ranges...>

A range is an address or a CIDR range, with a zone after a `%` if it has one;
`private_ranges` stands for all private ones, `{env.NAME}` for a variable. Where no
proxies are trusted, the address is that of the connection, as for `remote_ip`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from snake.http.ip_ranges import compile_ranges
from snake.matchers._lines import each_line, read_ranges
from snake.plugin import Context, Matcher, MatcherModule, MatcherSyntax, Scope, Segment, Shape


class ClientIP(MatcherModule):
    """The JSON of `http.matchers.client_ip`."""

    id = "http.matchers.client_ip"
    call = Shape()

    ranges: tuple[str, ...] = ()

    @classmethod
    def from_call(cls, arguments: Sequence[str], name: str) -> Self:
        """Take the ranges."""
        del name
        return cls(ranges=tuple(arguments))

    async def provision(self, ctx: Context) -> Matcher:
        """Parse the ranges."""
        within = compile_ranges(ctx, self.ranges)
        return lambda request: within(request.client_ip)


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> ClientIP:
    """Read `client_ip` lines; their ranges add up."""
    del name, scope
    words = [word for line in each_line(lines) for word in line.all()]
    return ClientIP(ranges=read_ranges(words))


matcher = MatcherSyntax("client_ip", parse)
