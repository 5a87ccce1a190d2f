"""remote_ip: match by the address of the client.

Syntax::

    remote_ip <ranges...>

A range is an address or a CIDR range, with a zone after a `%` if it has one;
`private_ranges` stands for all private ones, `{env.NAME}` for a variable. The
address is that of the connection, whatever the headers say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from snake.http.ip_ranges import compile_ranges
from snake.matchers._lines import each_line, read_ranges
from snake.plugin import (
    Context,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Request,
    Scope,
    Segment,
    Shape,
)


class RemoteIP(MatcherModule):
    """The JSON of `http.matchers.remote_ip`."""

    id = "http.matchers.remote_ip"
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

        def match(request: Request) -> bool:
            client = request.scope.get("client")
            return client is not None and within(client[0])

        return match


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> RemoteIP:
    """Read `remote_ip` lines; their ranges add up."""
    del name, scope
    words = [word for line in each_line(lines) for word in line.all()]
    for word in words:
        if word.text == "forwarded":
            word.fail(
                "the 'forwarded' option is no longer supported; use the 'client_ip' matcher instead"
            )
    return RemoteIP(ranges=read_ranges(words))


matcher = MatcherSyntax("remote_ip", parse)
