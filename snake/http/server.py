"""Server: the routes of one server as an ASGI app; errors to responses; the access log.

Everything optional (error routes, the access log, headers set early) is decided
when the app is made, so that a request pays for what its site uses.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from snake.core.record import Record
from snake.http.access import AccessLog
from snake.http.errors import AbortError, HandlerError
from snake.http.handler import ASGIApp, Message, Next, Receive, Scope, Send
from snake.http.held_body import HeldBody
from snake.http.request import Request
from snake.http.response import respond
from snake.http.trusted_proxies import Arrival, TrustedProxies
from snake.http.websocket import as_get
from snake.transport.asgi import ResponseStartedError
from snake.transport.exchange import ClientDisconnectedError

log = logging.getLogger("snake.http.log.error")

Run = Callable[[Request, Send], Awaitable[None]]


class Needs(Record):
    """What the routes of a server need beside themselves."""

    early: bool = True
    """Whether a handler sets `request.early`; else handlers get the transport's own `send`."""
    proxies: TrustedProxies | None = None
    """Those that may say who the client is."""
    body: bool = False
    """Whether a placeholder of the body stands somewhere."""


def make_app(routes: Next, errors: Next | None, access: AccessLog | None, needs: Needs) -> ASGIApp:
    """Return the ASGI app of a server; `errors` are its error routes, linked."""
    proxies, holds_body = needs.proxies, needs.body
    run = _with_errors(routes, errors)
    if needs.early:
        run = _with_early_headers(run)
    if access is not None:
        run = access.wrap(run)

    # Not a coroutine itself: it returns one, and so saves one for every request.
    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "websocket":
            send = as_get(scope, send)
        request = Request(scope, receive)
        if proxies is not None:
            request.arrival = Arrival(proxies, scope)
        if holds_body:
            body = request.body = HeldBody(receive)
            request.receive = body.receive
        return run(request, send)

    return app


def _with_errors(routes: Next, errors: Next | None) -> Run:
    async def run(request: Request, send: Send) -> None:
        try:
            await routes(request, send)
        except HandlerError as error:
            await _answer_error(request, send, errors, error)
        except (AbortError, ClientDisconnectedError, ResponseStartedError):
            raise
        except Exception as error:
            log.exception("handler failed", extra={"fields": {"uri": request.uri}})
            failure = HandlerError(500, str(error))
            failure.__cause__ = error
            failure.logged = True
            await _answer_error(request, send, errors, failure)

    return run


async def _answer_error(
    request: Request, send: Send, errors: Next | None, error: HandlerError
) -> None:
    """Answer by the error routes, or with the bare status when there are none or they fail.

    The URI and the method are again what the client sent (Caddy: `errors`). When
    a response was under way already, the connection ends.
    """
    _log_error(request, error)
    request.error = error
    send = _in_place(send)
    try:
        if errors is not None:
            request.restore()
            request.groups = None
            try:
                await errors(request, send)
            except HandlerError as second:
                # The client gets the status of what failed first, as in Caddy.
                _log_error(request, second)
                await respond(send, error.status)
        else:
            await respond(send, error.status)
    except ResponseStartedError:
        raise AbortError from error


def _in_place(send: Send) -> Send:
    """Return a `send` whose response takes the place of one whose head is not out yet."""

    def answer(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message["replaces"] = True
        return send(message)

    return answer


def _log_error(request: Request, error: HandlerError) -> None:
    is_news = error.status >= 500 and not error.logged  # noqa: PLR2004
    level = logging.ERROR if is_news else logging.DEBUG
    if log.isEnabledFor(level):
        fields = {
            "request": {
                "remote_ip": (request.scope.get("client") or ("",))[0],
                "client_ip": request.client_ip,
                "method": request.method,
                "host": request.hostport,
                "uri": request.uri,
            },
            "status": error.status,
            "err_id": error.id,
            "err_trace": error.trace,
        }
        log.log(level, error.message, extra={"fields": fields})


def _with_early_headers(run: Run) -> Run:
    """Put the headers that were set early in front of the response's own."""

    async def merge(request: Request, send: Send) -> None:
        def merged(message: Message) -> Awaitable[None]:
            early = request.early
            if early and message["type"] in _STARTS:
                message["headers"] = [*early, *(message.get("headers") or ())]
                request.early, request.sent = None, message["headers"]
            return send(message)

        await run(request, merged)

    return merge


_STARTS = frozenset({"http.response.start", "websocket.accept"})
