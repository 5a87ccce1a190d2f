"""Static response: what `respond` and its kin answer; prepared once as far as that can be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import msgspec

from snake.http.errors import HandlerError
from snake.http.fields import compile_fields
from snake.http.handler import Handler, Message, Next, Send
from snake.http.request import Request
from snake.http.response import Header, drop_early, on_start, respond
from snake.http.status import Status, is_final_status, status_filler
from snake.http.template import Template

EARLY_HINTS = 103
NOT_MODIFIED = 304
NO_BODY = frozenset({204, NOT_MODIFIED})
"""Statuses that never have a body (RFC 9110 section 6.4.1)."""
TYPE = b"content-type"

Headers = Mapping[str, Collection[str] | None]
Early = Sequence[Header]
Make = Callable[[Request, int, Early], tuple[list[Header], bytes]]
"""The fields and the body of a response, by its request, its status, and what was set before."""


def static_response(status: Status, headers: Headers, body: str, *, close: bool) -> Handler:
    """Return the handler that answers with these; an empty status is 200, or that of an error."""
    code_of = _default_status if status == "" else status_filler(status)
    make = _maker(headers, body, close=close)
    answer = _answerer(code_of, make)
    texts = [body]
    for name, values in headers.items():
        texts += [name, *(values or ())]
    is_fixed = not any("{" in text for text in texts)
    if is_fixed and (status == "" or is_final_status(status)):
        return _prepared(answer, code_of, make)
    return answer


def _answerer(code_of: Callable[[Request], int], make: Make) -> Handler:
    """Return a handler that makes its response anew for each request."""

    def answer(request: Request, send: Send, next: Next) -> Awaitable[None]:
        try:
            code = code_of(request)
        except HandlerError:
            # What was set before the fault was found stays, as in Caddy.
            fields, _ = make(request, 500, request.early or ())
            drop_early(request, {name for name, _ in fields})
            request.early = [*(request.early or ()), *fields]
            raise
        fields, content = make(request, code, request.early or ())
        if code == EARLY_HINTS:
            return next(request, on_start(send, lambda message: _keep(message, fields)))
        if request.early:
            drop_early(request, {name for name, _ in fields})
        return respond(send, code, fields, content)

    return answer


def _prepared(answer: Handler, code_of: Callable[[Request], int], make: Make) -> Handler:
    """Return a handler that makes each response once, unless others have set the same headers."""
    made: dict[int, tuple[list[Header], bytes]] = {}

    def prepared(request: Request, send: Send, next: Next) -> Awaitable[None]:
        code = code_of(request)
        response = made.get(code)
        if response is None:
            response = made[code] = make(request, code, ())
        early = request.early
        if early and any(name == own for name, _ in early for own, _ in response[0]):
            return answer(request, send, next)
        return respond(send, code, *response)

    return prepared


def _default_status(request: Request) -> int:
    """Return 200, or in an error route the status of the error."""
    return request.error.status if isinstance(request.error, HandlerError) else 200


def _maker(headers: Headers, body: str, *, close: bool) -> Make:
    """Compile what makes the fields and the body of a response."""
    given = [(name, value) for name, values in headers.items() for value in values or ()]
    fields_of = compile_fields([*([("connection", "close")] if close else []), *given])
    body_of = _body(body)

    def make(request: Request, code: int, early: Early) -> tuple[list[Header], bytes]:
        fields = fields_of(request)
        content, content_type = body_of(request)
        if content and not _has_type(fields, early):
            if fields:
                fields = [field for field in fields if field[0] != TYPE]
            fields.append((TYPE, content_type))
        if code == NOT_MODIFIED:
            fields = [field for field in fields if field[0] != TYPE]
        return fields, b"" if code in NO_BODY else content

    return make


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


def _has_type(fields: Sequence[Header], early: Early) -> bool:
    """Whether a type is set already: the first counts, and an empty one is none."""
    for name, value in fields:
        if name == TYPE:
            return value != b""
    for name, value in early:
        if name == TYPE:
            return value != b""
    return False


def _keep(message: Message, fields: list[Header]) -> None:
    """Put the fields into a later response, where it has none of the name."""
    names = {name for name, _ in message["headers"]}
    message["headers"] = [*(f for f in fields if f[0] not in names), *message["headers"]]
