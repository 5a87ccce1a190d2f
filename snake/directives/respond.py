"""respond: answer with a fixed status and body.

Syntax::

    respond [<matcher>] <status> | <body> [<status>] {
        body  <text>
        close
    }

A lone argument is the status if it is a number of three digits, else the body.
Without a status it is 200, or the error's own inside `handle_errors`.
Placeholders work in both; one that nobody knows stays in the body as written.

The Content-Type is `text/plain; charset=utf-8`, or `application/json` for a
body that is a JSON object or array, unless `header` has set one. `close` closes
the connection after the response. With status 103 nothing is answered yet: the
headers are kept for the response of what follows.
"""

from __future__ import annotations

from collections.abc import Awaitable

from snake.http.static_response import static_response
from snake.http.status import Status, status_json, text_and_status
from snake.plugin import (
    AbortError,
    Context,
    Directive,
    Handler,
    HandlerModule,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    subdirectives,
)

TAKES = "respond takes a status, a body, or a body and a status"


class StaticResponse(HandlerModule):
    """The JSON of `http.handlers.static_response`."""

    id = "http.handlers.static_response"

    status_code: Status = ""
    headers: dict[str, tuple[str, ...] | None] = {}
    body: str = ""
    close: bool = False
    abort: bool = False

    async def provision(self, ctx: Context) -> Handler:
        """Prepare what does not depend on the request: for most, the whole response."""
        del ctx
        if self.abort:
            return _abort
        return static_response(self.status_code, self.headers, self.body, close=self.close)


def _abort(request: Request, send: Send, next: Next) -> Awaitable[None]:
    del request, send, next
    raise AbortError


def parse(line: Segment, scope: Scope) -> StaticResponse:
    """Read a `respond` line."""
    del scope
    given = text_and_status(line.texts)
    if given is None and line.args:
        line.args[2].fail(f"{TAKES}, got {len(line.args)} arguments")
    if given is None:
        line.fail(TAKES)
    body, status = given
    close = False
    for words in subdirectives(line, ("body", "close")):
        if (words.name == "body" and body) or (words.name == "close" and close):
            words.token.fail(f"respond: {words.name} is given twice")
        if words.name == "body":
            body = words.only("one text").text
        else:
            close = True
    return StaticResponse(status_code=status_json(status), body=body, close=close)


directive = Directive("respond", parse)
