"""Server: the routes of one server as an ASGI app; errors to responses; the access log.

Everything optional (error routes, the access log, headers set early) is decided
when the app is made, so that a request pays for what its site uses.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from snake.core.record import Record
from snake.http.access import AccessLog
from snake.http.access_record import failed
from snake.http.errors import AbortError, HandlerError
from snake.http.handler import ASGIApp, Message, Next, Receive, Scope, Send
from snake.http.held_body import HeldBody
from snake.http.http_challenge import answering_challenges
from snake.http.request import Request
from snake.http.response import respond
from snake.http.sites import Sites
from snake.http.strict_host import with_strict_host
from snake.http.trusted_proxies import Arrival, TrustedProxies
from snake.http.websocket import as_get
from snake.tls.ring import Ring
from snake.tls.secured import SECURED, Secured
from snake.transport.asgi import (
    NOTHING,
    ClientDisconnectedError,
    ResponseStartedError,
    Whole,
    raising,
)

log = logging.getLogger("snake.http.log.error")

Run = Callable[[Request, Send], Awaitable[None]]


class Needs(Record):
    """What the routes of a server need beside themselves."""

    sites: Sites
    """What counts its requests."""
    early: bool = True
    """Whether a handler sets `request.early`; else handlers get the transport's own `send`."""
    proxies: TrustedProxies | None = None
    """Those that may say who the client is."""
    body: bool = False
    """Whether a placeholder of the body stands somewhere."""
    alt_svc: bytes = b""
    """What clients with TLS are told of HTTP/3."""
    strict_host: bool = False
    """Whether Host must be the name that TLS is for."""
    ring: Ring | None = None
    """Knows the challenges of authorities, if there are any."""


def make_app(routes: Next, errors: Next | None, access: AccessLog | None, needs: Needs) -> ASGIApp:
    """Return the ASGI app of a server; `errors` are its error routes, linked."""
    proxies, holds_body = needs.proxies, needs.body
    if needs.strict_host:
        routes = with_strict_host(routes)
    if needs.ring is not None:
        routes = answering_challenges(needs.ring, routes)
    run = _with_errors(routes, errors)
    if needs.early:
        run = _with_early_headers(run)
    if needs.alt_svc:
        run = _with_alt_svc(run, (b"alt-svc", needs.alt_svc), early=needs.early)
    if access is not None:
        run = access.wrap(run)
    run = needs.sites.counting(run)

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
    def run(request: Request, send: Send) -> Awaitable[None]:
        try:
            answering = routes(request, send)
        except Exception as error:  # noqa: BLE001  (it is handled where all others are)
            answering = raising(error)
        # Most responses are out by now.
        return NOTHING if answering is NOTHING else watch(request, send, answering)

    async def watch(request: Request, send: Send, answering: Awaitable[None]) -> None:
        try:
            await answering
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
        finally:
            if request.record is not None:
                request.record.ended()

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
    if not log.isEnabledFor(level):
        return
    record = request.record
    names, fields = (("",), failed(request)) if record is None else record.failed()
    fields |= {"status": error.status, "err_id": error.id, "err_trace": error.trace}
    for name in names:
        to = log.getChild(name) if name else log
        to.log(level, error.message, extra={"fields": fields})


def _with_early_headers(run: Run) -> Run:
    """Put the headers that were set early in front of the response's own."""
    return lambda request, send: run(request, _Merging(request, send))


class _Merging:
    """A `send` that puts the headers that were set early before those of a response."""

    __slots__ = ("_request", "_send")

    def __init__(self, request: Request, send: Send) -> None:
        self._request = request
        self._send = send

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] in _STARTS:
            self._merge(message)
        return self._send(message)

    def whole(self, start: Message, body: bytes) -> bool:
        """Send a whole response at once, if that can be done."""
        whole: Whole | None = getattr(self._send, "whole", None)
        if whole is None:
            return False
        self._merge(start)
        return whole(start, body)

    def _merge(self, start: Message) -> None:
        request = self._request
        if request.early:
            start["headers"] = [*request.early, *(start.get("headers") or ())]
            request.early, request.sent = None, start["headers"]


def _with_alt_svc(run: Run, field: tuple[bytes, bytes], *, early: bool) -> Run:
    """Tell who comes over TLS of HTTP/3, unless that is what it speaks or cannot speak.

    It is a header like those set `early`, where any are; so handlers may change it.
    """

    def told(request: Request, send: Send) -> Awaitable[None]:
        scope = request.scope
        secured: Secured | None = scope.get(SECURED)
        if secured is not None and not secured.asks_client and scope["http_version"] != "3":
            if early:
                request.early = [field]
            else:
                send = _Advertising(send, field)
        return run(request, send)

    return told


class _Advertising:
    """A `send` that puts one header before those of a response, which no handler changes."""

    __slots__ = ("_field", "_send")

    def __init__(self, send: Send, field: tuple[bytes, bytes]) -> None:
        self._send = send
        self._field = field

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] in _STARTS:
            message["headers"] = [self._field, *(message.get("headers") or ())]
        return self._send(message)

    def whole(self, start: Message, body: bytes) -> bool:
        """Send a whole response at once, if that can be done."""
        whole: Whole | None = getattr(self._send, "whole", None)
        if whole is None:
            return False
        headers = start["headers"]
        start["headers"] = [self._field, *headers]
        if whole(start, body):
            return True
        start["headers"] = headers
        return False


_STARTS = frozenset({"http.response.start", "websocket.accept"})
