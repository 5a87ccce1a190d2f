"""protocol: match by the protocol of the request.

Syntax::

    protocol http | https | grpc | http/<version>[+]

`http` is a request without TLS, `https` one with it, `grpc` one whose content
type is gRPC's. Versions are 1.0, 1.1, 2 and 3; a `+` means that version or later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from snake.matchers._lines import each_line
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

_VERSIONS = {"1.0": (1, 0), "1.1": (1, 1), "2": (2, 0), "3": (3, 0)}


class Protocol(MatcherModule):
    """The JSON of `http.matchers.protocol`: `"https"`."""

    id = "http.matchers.protocol"
    bare = "protocol"
    call = Shape(1, 1)

    protocol: str = ""

    @classmethod
    def from_call(cls, arguments: Sequence[str], name: str) -> Self:
        """Take the protocol."""
        del name
        return cls(protocol=arguments[0])

    async def provision(self, ctx: Context) -> Matcher:
        """Choose the test."""
        match self.protocol:
            case "http":
                return lambda request: not request.is_secure
            case "https":
                return lambda request: request.is_secure
            case "grpc":
                return lambda request: (request.header(b"content-type") or "").startswith(
                    "application/grpc"
                )
            case _:
                return _version(ctx, self.protocol)


def _version(ctx: Context, protocol: str) -> Matcher:
    wanted = _VERSIONS.get(protocol.removeprefix("http/").removesuffix("+"))
    if wanted is None or not protocol.startswith("http/"):
        raise ctx.fail(
            f'unknown protocol "{protocol}"; expected http, https, grpc, or http/ and one of '
            f"{', '.join(_VERSIONS)}, with or without a +"
        )
    if protocol.endswith("+"):
        return lambda request: _spoken(request) >= wanted
    return lambda request: _spoken(request) == wanted


def _spoken(request: Request) -> tuple[int, int]:
    return _VERSIONS.get(request.scope["http_version"], (1, 1))


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> Protocol:
    """Read `protocol` lines; the last one counts, and what is left of a line is another."""
    del name, scope
    return Protocol(protocol=[line.take("one argument").text for line in each_line(lines)][-1])


matcher = MatcherSyntax("protocol", parse)
