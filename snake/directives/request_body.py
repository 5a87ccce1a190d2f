"""request_body: limit or replace the body of requests.

Syntax::

    request_body [<matcher>] {
        max_size <size>
        set      <text>
    }

A body larger than `max_size` is a 413 as soon as more of it is read. `set` puts another
body in its place; placeholders work in it.
"""

from __future__ import annotations

from collections.abc import Awaitable

from snake.core.numbers import signed
from snake.core.units import size
from snake.http.body import replace_body, run_limited
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
    Template,
    Words,
    subdirectives,
    warn_of_rest,
)


class RequestBody(HandlerModule):
    """The JSON of `http.handlers.request_body`."""

    id = "http.handlers.request_body"

    max_size: int = 0
    set: str = ""

    async def provision(self, ctx: Context) -> Handler:
        """Compile the new body."""
        del ctx
        limit = self.max_size
        body = Template(self.set).known if self.set else None

        def request_body(request: Request, send: Send, next: Next) -> Awaitable[None]:
            if body is not None and request.scope["type"] == "http":
                replace_body(request, body(request).encode("utf-8", "surrogateescape"))
            if limit <= 0:
                return next(request, send)
            return run_limited(request, send, next, limit)

        return request_body


def parse(line: Segment, scope: Scope) -> RequestBody:
    """Read a `request_body` line."""
    limit, text = 0, ""
    words = Words(line)
    for sub in subdirectives(words.block(), ("max_size", "set")):
        if sub.name == "max_size":
            limit = signed(sub.value(size))
        else:
            text = sub.only("one text").text
    warn_of_rest(words, scope)
    return RequestBody(max_size=limit, set=text)


directive = Directive("request_body", parse)
