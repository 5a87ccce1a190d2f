"""timeouts: give up on clients that stall, for some requests.

Syntax::

    timeouts [<matcher>] {
        read_timeout    <duration> [<bytes per second>]
        write_timeout   <duration> [<bytes per second>]
        max_write_chunk <size>
    }

A client that sends nothing of its body for `read_timeout`, or takes nothing of the
response for `write_timeout`, loses its connection. With a rate, the time is what it has
in all, and each byte adds to it: who is on the whole slower than the rate loses its
connection, and who was quick may pause. The limits of the server hold as well.

What a client takes is counted by the byte, so `max_write_chunk` says nothing here.
Durations have no days.
"""

from __future__ import annotations

from collections.abc import Awaitable

from snake.core.numbers import integer, signed
from snake.core.units import SECOND, plain_duration, size
from snake.http.client_limits import Limits, limit_client
from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerModule,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    Words,
    subdirectives,
    warn_of_rest,
)


class Timeouts(HandlerModule):
    """The JSON of `http.handlers.timeouts`."""

    id = "http.handlers.timeouts"

    read_timeout: int = 0
    read_min_rate: int = 0
    write_timeout: int = 0
    write_min_rate: int = 0
    max_write_chunk: int = 0

    async def provision(self, ctx: Context) -> Handler:
        """Return what sets the limits."""
        del ctx
        limits = Limits(
            _seconds(self.read_timeout),
            self.read_min_rate,
            _seconds(self.write_timeout),
            self.write_min_rate,
        )

        def timeouts(request: Request, send: Send, next: Next) -> Awaitable[None]:
            limit_client(request, limits)
            return next(request, send)

        return timeouts


def _seconds(nanoseconds: int) -> float | None:
    return nanoseconds / SECOND if nanoseconds > 0 else None


def parse(line: Segment, scope: Scope) -> Timeouts:
    """Read a `timeouts` line."""
    fields: dict[str, int] = {}
    words = Words(line)
    for sub in subdirectives(words.block(), ("read_timeout", "write_timeout", "max_write_chunk")):
        if sub.name == "max_write_chunk":
            fields[sub.name] = signed(sub.value(size))
        else:
            fields |= _timeout(sub, sub.name.removesuffix("_timeout"))
    warn_of_rest(words, scope)
    return Timeouts(**fields)


def _timeout(words: Words, kind: str) -> dict[str, int]:
    """Read a duration, and the least bytes per second if they are given."""
    given = words.some("a duration")
    if len(given) > 2:  # noqa: PLR2004
        given[2].fail(f"{words.name} takes a duration, and bytes per second")
    fields = {f"{kind}_timeout": words.read(given[0], plain_duration)}
    if len(given) > 1:
        fields[f"{kind}_min_rate"] = words.read(given[1], integer)
    return fields


directive = Directive("timeouts", parse)
