"""request_body: limit or replace the body of requests.

Syntax::

    request_body [<matcher>] {
        max_size <size>
        set      <text>
    }

A body larger than `max_size` is a 413 when it is read. `set` puts another body in
its place; placeholders work in it.
"""

from __future__ import annotations

from snake.core.numbers import signed
from snake.core.units import size
from snake.plugin import (
    Directive,
    HandlerModule,
    Scope,
    Segment,
    Words,
    subdirectives,
    warn_of_rest,
)


class RequestBody(HandlerModule):
    """The JSON of `http.handlers.request_body`."""

    id = "http.handlers.request_body"

    max_size: int = 0
    set: str = ""


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
