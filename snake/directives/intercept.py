"""intercept: change the responses of what follows, or answer in their place.

Syntax::

    intercept [<matcher>] {
        @<name>         status <code...> | header <field> [<value>]
        replace_status  [@<name>] <status>
        handle_response [@<name>] { <directives...> }
    }

The first that matches a response counts. `replace_status` only changes its status;
with `handle_response`, the directives inside answer, and know the response as
`{resp.status_code}` and `{resp.header.Name}`.
"""

from __future__ import annotations

from snake.http.response_handler import ResponseHandler
from snake.matchers._response_handlers import ResponseHandlers
from snake.plugin import Directive, HandlerModule, Scope, Segment, Words, read_block


class Intercept(HandlerModule):
    """The JSON of `http.handlers.intercept`."""

    id = "http.handlers.intercept"

    handle_response: tuple[ResponseHandler, ...] = ()


def parse(line: Segment, scope: Scope) -> Intercept:
    """Read an `intercept` block. After an argument that is no matcher, Caddy looks at none."""
    responses = ResponseHandlers(scope)
    read_block(Words(line).block(), responses.readers())
    return Intercept(handle_response=tuple(responses.all()))


directive = Directive("intercept", parse)
