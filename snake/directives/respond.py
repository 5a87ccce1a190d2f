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

from collections.abc import Callable, Mapping

import msgspec

from snake.http.fields import compile_fields
from snake.http.status import Status, status_filler, status_json, text_and_status
from snake.plugin import (
    AbortError,
    Context,
    Directive,
    Handler,
    HandlerError,
    HandlerModule,
    Header,
    Message,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    Template,
    on_start,
    subdirectives,
)
from snake.plugin import respond as answer

EARLY_HINTS = 103
NOT_MODIFIED = 304
TAKES = "respond takes a status, a body, or a body and a status"
NO_BODY = frozenset({204, NOT_MODIFIED})
"""Statuses that never have a body (RFC 9110 section 6.4.1)."""

Fill = Callable[[Request], list[Header]]


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
        status = status_filler(self.status_code) if self.status_code != "" else _default_status
        headers = _fields(self.headers, close=self.close)
        body = _body(self.body)

        async def respond(request: Request, send: Send, next: Next) -> None:
            fields = headers(request)
            content, content_type = body(request)
            if content and not _has_type(fields, request):
                fields = [field for field in fields if field[0] != b"content-type"]
                fields.append((b"content-type", content_type))
            try:
                code = status(request)
            except HandlerError:
                # What was set before the fault was found stays, as in Caddy.
                _replace_early(request, fields)
                request.early = [*(request.early or ()), *fields]
                raise
            if code == EARLY_HINTS:
                await next(request, on_start(send, lambda message: _keep(message, fields)))
                return
            _replace_early(request, fields)
            if code == NOT_MODIFIED:
                fields = [field for field in fields if field[0] != b"content-type"]
            await answer(send, code, fields, b"" if code in NO_BODY else content)

        return respond


async def _abort(request: Request, send: Send, next: Next) -> None:
    del request, send, next
    raise AbortError


def _default_status(request: Request) -> int:
    """Return 200, or in an error route the status of the error."""
    return request.error.status if isinstance(request.error, HandlerError) else 200


def _fields(headers: Mapping[str, tuple[str, ...] | None], *, close: bool) -> Fill:
    """Compile the headers."""
    given = [(name, value) for name, values in headers.items() for value in values or ()]
    return compile_fields([*([("connection", "close")] if close else []), *given])


def _body(text: str) -> Callable[[Request], tuple[bytes, bytes]]:
    """Compile the body and the type that it has when no header says another."""
    template = Template(text)
    if template.constant is not None:
        constant = _typed(template.constant)
        return lambda _: constant
    return lambda request: _typed(template.known(request))


def _typed(body: str) -> tuple[bytes, bytes]:
    json = _is_json(body.strip())
    return (
        body.encode("utf-8", "surrogateescape"),
        b"application/json" if json else b"text/plain; charset=utf-8",
    )


def _is_json(text: str) -> bool:
    """Whether it is a JSON object or array that is not empty, as Caddy decides it."""
    if len(text) <= 2 or (text[0], text[-1]) not in {("{", "}"), ("[", "]")}:  # noqa: PLR2004
        return False
    try:
        msgspec.json.decode(text.encode("utf-8", "surrogateescape"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _is_odd_json(text)
    return True


def _is_odd_json(text: str) -> bool:
    """Whether it is JSON that msgspec does not take: huge numbers, halves of surrogate pairs."""
    import json  # noqa: PLC0415  (seldom needed)

    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _has_type(fields: list[Header], request: Request) -> bool:
    """Whether a type is set already, here or by a handler before."""
    types = [value for name, value in (*fields, *(request.early or ())) if name == b"content-type"]
    return bool(types and types[0])


def _replace_early(request: Request, fields: list[Header]) -> None:
    """Take off the headers set before that this response sets anew."""
    if request.early:
        names = {name for name, _ in fields}
        request.early = [field for field in request.early if field[0] not in names]


def _keep(message: Message, fields: list[Header]) -> None:
    """Put the fields into a later response, where it has none of the name."""
    names = {name for name, _ in message["headers"]}
    message["headers"] = [*(f for f in fields if f[0] not in names), *message["headers"]]


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
