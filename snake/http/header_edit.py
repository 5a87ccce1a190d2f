"""Where header operations are applied: to a request, to early headers, or to a response.

The Server field takes part although the transport adds it last: operations see it
as a field that is there, and removing it tells the transport to leave it out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from snake.http.handler import Message, Send
from snake.http.header_ops import Edit, ResponseOps
from snake.http.request import Request
from snake.http.response import Header
from snake.transport.settings import Settings

CONNECTION = b"connection"
SERVER: Header = (b"server", Settings().server_header)
"""The field that the transport adds to a response that has none of its own."""

STARTS = {"http.response.start": 200, "websocket.accept": 101}
"""The messages that carry headers, with the status of those that name none."""


def change_request(request: Request, edit: Edit) -> None:
    """Change the request's headers; of several Host fields the last counts.

    A field that is set here is not one of the client's connection, whatever that says.
    """
    before = request.hostport.encode("utf-8", "surrogateescape")
    given = request.headers
    fields = edit(given, request)
    if any(name == CONNECTION for name, _ in given):
        fields = _claimed(given, fields)
    hosts = [value for name, value in fields if name == b"host"]
    request.scope["headers"] = fields
    if hosts != [before]:
        request.set_host(hosts[-1].decode("utf-8", "surrogateescape") if hosts else "")


def _claimed(given: Sequence[Header], fields: list[Header]) -> list[Header]:
    """Take the names of fields that are not as they were given out of the Connection field.

    Proxies drop what it names, so that a client could have dropped who it is.
    """
    theirs = {id(field) for field in given}  # one that is set may be equal to the client's
    ours = {field[0] for field in fields if id(field) not in theirs} - {CONNECTION}
    return [
        (name, _without(value, ours)) if name == CONNECTION else (name, value)
        for name, value in fields
    ]


def _without(value: bytes, names: Collection[bytes]) -> bytes:
    options = [option.strip(b" \t") for option in value.split(b",")]
    return b", ".join([option for option in options if option.lower() not in names])


def response_wrapper(
    ops: ResponseOps | None, edit: Edit | None
) -> Callable[[Request, Send], Send] | None:
    """Return what wraps `send` and applies the operations, at once or when a response starts."""
    if ops is None or edit is None:
        return None
    if ops.deferred or ops.require is not None:
        matches = ops.require.compile() if ops.require else None
        return lambda request, send: _deferred(request, send, edit, matches)
    if ops.concerns("server"):
        return lambda request, send: _at_once_with_server(request, send, edit)
    return lambda request, send: _at_once(request, send, edit)


def _at_once(request: Request, send: Send, edit: Edit) -> Send:
    request.early = edit(request.early or [], request)
    return send


def _at_once_with_server(request: Request, send: Send, edit: Edit) -> Send:
    """Apply operations that see the Server field, which is there from the start."""
    fields, has_server = _with_server(edit, request.early or [], request)
    request.early = fields
    return send if has_server else _without_server(send)


def _with_server(edit: Edit, fields: list[Header], request: Request) -> tuple[list[Header], bool]:
    """Apply `edit` to the fields and the transport's Server; tell if there is a Server after.

    The transport's own is taken out again when it is the only one.
    """
    if not any(name == SERVER[0] for name, _ in fields):
        fields = [SERVER, *fields]
    fields = edit(fields, request)
    servers = [each for each in fields if each[0] == SERVER[0]]
    if servers == [SERVER]:
        fields = [each for each in fields if each is not SERVER]
    return fields, bool(servers)


def _without_server(send: Send) -> Send:
    def bare(message: Message) -> Awaitable[None]:
        if message["type"] in STARTS:
            message["server_header"] = False
        return send(message)

    return bare


def _deferred(
    request: Request,
    send: Send,
    edit: Edit,
    matches: Callable[[int, Sequence[Header]], bool] | None,
) -> Send:
    """Apply the operations to a response when it starts, to early headers and its own alike.

    Where no handler answers, no response starts: it is the server that sends an empty one.
    """

    def edited(message: Message) -> Awaitable[None]:
        if message["type"] in STARTS and not message.get("unanswered"):
            fields = [*(request.early or ()), *(message.get("headers") or ())]
            request.early = None
            status = message.get("status", STARTS[message["type"]])
            shown = fields if _is_bare(message) else [SERVER, *fields]
            if matches is None or matches(status, shown):
                fields = _edit_start(message, edit, fields, request)
            message["headers"] = request.sent = fields
        return send(message)

    return edited


def _is_bare(message: Message) -> bool:
    return message.get("server_header") is False


def _edit_start(
    message: Message, edit: Edit, fields: list[Header], request: Request
) -> list[Header]:
    if _is_bare(message):
        return edit(fields, request)
    fields, has_server = _with_server(edit, fields, request)
    if not has_server:
        message["server_header"] = False
    return fields
