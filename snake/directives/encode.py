"""encode: compress responses.

Syntax::

    encode [<codings...>] {
        gzip [<level>]
        br [<quality>]
        zstd [<level>] {
            level <level>
            disable_checksum
        }
        minimum_length <bytes>
        match {
            status <codes...>
            header <field> [<value>]
        }
        match status <codes...> | header <field> [<value>]
    }

The codings are `zstd`, `br` and `gzip`, best first; without any, `zstd` and `gzip`, for in Caddy
`br` needs a plugin. A client gets the one that it rates highest. Responses longer than
`minimum_length` (512) are encoded if they match: by default those with a content type of text,
code, fonts or vector images. Streams are flushed as they come, event streams too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Annotated

import msgspec

from snake.core.numbers import integer
from snake.core.suggest import suggestion
from snake.encoders.content_types import TEXT
from snake.encoders.contract import Encoder
from snake.encoders.response import EncodedResponse
from snake.http.accept_encoding import parse_accept_encoding
from snake.http.response_matcher import ResponseMatch, ResponseMatcher
from snake.matchers._response import read_response_match
from snake.plugin import (
    Context,
    Directive,
    Guests,
    Handler,
    HandlerModule,
    In,
    Module,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    to_json,
    unchecked,
)

MINIMUM_LENGTH = 512
STANDARD_ORDER = ("zstd", "br", "gzip")

_DECIDING = frozenset(
    {b"accept-encoding", b"cache-control", b"if-none-match", b"sec-websocket-key"}
)
_LONGEST_REMEMBERED = 100
"""Accept-Encoding fields up to this long are remembered with the coding they ask for."""


class Encode(HandlerModule):
    """The JSON of `http.handlers.encode`."""

    id = "http.handlers.encode"

    encodings: dict[str, Annotated[msgspec.Raw, In("http.encoders")]] = {}
    prefer: tuple[str, ...] = ()
    minimum_length: int = 0
    match: ResponseMatcher | None = None

    async def provision(self, ctx: Context) -> Handler:
        """Load the encoders."""
        encoders = await self._load(ctx)
        matcher = self.match or ResponseMatcher(headers={"Content-Type": TEXT})
        return _handler(
            choice(encoders, self._order(ctx, encoders)),
            self.minimum_length or MINIMUM_LENGTH,
            matcher.compile(),
        )

    async def _load(self, ctx: Context) -> dict[str, Encoder]:
        encoders: dict[str, Encoder] = {}
        for name, raw in self.encodings.items():
            at = ctx.at("encodings", name)
            encoder: Encoder = await at.load_named(raw, f"http.encoders.{name}")
            encoders[encoder.coding] = encoder
        return encoders

    def _order(self, ctx: Context, encoders: Mapping[str, Encoder]) -> tuple[str, ...]:
        for index, name in enumerate(self.prefer):
            if name not in encoders:
                raise ctx.at("prefer", index).fail(f"encoding {name} not enabled")
            if name in self.prefer[:index]:
                raise ctx.at("prefer", index).fail(f"encoding {name} is duplicated in prefer")
        return self.prefer or tuple(name for name in STANDARD_ORDER if name in encoders)


Choose = Callable[[Mapping[bytes, bytes]], Encoder | None]


def choice(encoders: Mapping[str, Encoder], order: tuple[str, ...]) -> Choose:
    """Return which encoder a request gets, by those of its headers that decide it."""

    def best(accept: str) -> Encoder | None:
        accepted = parse_accept_encoding(accept, order)
        return next((encoders[name] for name in accepted if name in encoders), None)

    remembered = lru_cache(maxsize=256)(best)

    def choose(headers: Mapping[bytes, bytes]) -> Encoder | None:
        accept = headers.get(b"accept-encoding")
        if not accept or b"sec-websocket-key" in headers:
            return None
        if b"no-transform" in headers.get(b"cache-control", b""):
            return None
        find = remembered if len(accept) <= _LONGEST_REMEMBERED else best
        return find(accept.decode("latin-1"))

    return choose


def _handler(choose: Choose, minimum: int, matches: ResponseMatch) -> Handler:
    def encode(request: Request, send: Send, next: Next) -> Awaitable[None]:
        # From the end, so that the first field of a name counts.
        headers = {name: value for name, value in reversed(request.headers) if name in _DECIDING}
        encoder = choose(headers)
        # In Caddy, nothing is longer than a negative length.
        if encoder is None or request.method == "CONNECT" or minimum < 0:
            return next(request, send)
        if b"if-none-match" in headers:
            _restore_tag(request, headers[b"if-none-match"], encoder.coding)
        return next(request, EncodedResponse(request, send, encoder, minimum, matches))

    return encode


def _restore_tag(request: Request, tag: bytes, coding: str) -> None:
    """Take our addition off the tag that a client sends back, for whoever made the tag."""
    suffix = f'-{coding}"'.encode()
    if tag.startswith(b"W/") or not tag.endswith(suffix):
        return
    bare = tag.removesuffix(suffix) + b'"'
    request.scope["headers"] = [
        (name, bare if name == b"if-none-match" else value) for name, value in request.headers
    ]


def parse(line: Segment, scope: Scope) -> Encode:
    """Read an `encode` line; codings in the block come before those of the line."""
    encodings: dict[str, msgspec.Raw] = {}
    order: list[str] = []
    fields: dict[str, object] = {}

    def add(coding: Segment) -> None:
        encodings[coding.name] = to_json(_encoder(coding, scope.guests))
        order.append(coding.name)

    for words in unchecked(line):
        if words.name == "minimum_length":
            fields["minimum_length"] = words.read(words.take("a number of bytes"), integer)
        elif words.name == "match" and "match" in fields:
            words.token.fail("encode: match is given twice")
        elif words.name == "match":
            fields["match"] = read_response_match(words.rest())
        else:
            add(words.rest())
    for word in line.args:
        add(Segment((word,)))
    if not order:
        order = ["zstd", "gzip"]
        encodings = {name: msgspec.Raw(b"{}") for name in order}
    return msgspec.convert(fields | {"encodings": encodings, "prefer": order}, Encode)


def _encoder(line: Segment, guests: Guests) -> Module:
    if not guests.has("http.encoders", line.name):
        known = (*guests.names("http.encoders"), "match", "minimum_length")
        line.words[0].fail(
            f"encode: unknown coding or subdirective: {line.name}{suggestion(line.name, known)}",
            f"encode knows: {', '.join(known)}",
        )
    return guests.read(line, "http.encoders")


directive = Directive("encode", parse)
