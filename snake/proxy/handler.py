"""ProxyHandler: passes requests on to upstreams, and their responses to clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter

from snake.core.record import Record
from snake.http.errors import HandlerError
from snake.http.handler import Linked, Next, Send
from snake.http.request import Request
from snake.http.response_handler import Way
from snake.http.uri import escaped_path
from snake.proxy.answering import Answering, informing
from snake.proxy.attempts import Attempts
from snake.proxy.content import buffered, content_of
from snake.proxy.contract import (
    Outgoing,
    Reply,
    UpstreamError,
    UpstreamTimeoutError,
)
from snake.proxy.forwarding import client_of, request_fields, upgrade_of
from snake.proxy.retries import NoUpstreamError, RetryableReplyError
from snake.proxy.told import Held, Told
from snake.proxy.watch import Watch
from snake.transport.asgi import Client

_BAD_GATEWAY = 502
_UNAVAILABLE = 503
_GATEWAY_TIMEOUT = 504
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/"
"""What a path is made of that is the same encoded and decoded (RFC 3986 §3.3)."""


_Linked = tuple[Way, Next]
"""What becomes of responses that match, and its routes, linked."""


class Proxying(Record):
    """What the handler is made of."""

    attempts: Attempts
    is_trusted: Callable[[Request], bool]
    rewrite: Sequence[Callable[[Request], None]] = ()
    bodiless: bool = False
    """Whether what is rewritten has no body: it is made a GET or a HEAD."""
    buffer: int = 0
    """Bytes of a request's body that are read before any are sent; below 0 all of it."""
    ways: Sequence[Way] = ()
    answering: Answering = Answering()


class ProxyHandler(Linked):
    """The running form of `reverse_proxy`."""

    def __init__(self, proxying: Proxying) -> None:
        self._attempts = proxying.attempts
        self._rewrite = proxying.rewrite
        self._bodiless = proxying.bodiless
        self._buffer = proxying.buffer
        self._ways = proxying.ways
        self._answering = proxying.answering
        self._is_trusted = proxying.is_trusted

    def link(self, after: Next) -> Next:
        """Link the routes of `handle_response` to what follows."""
        return partial(self._handle, [(way, way.routes(after)) for way in self._ways])

    async def _handle(self, ways: Sequence[_Linked], request: Request, send: Send) -> None:
        """Pass one request on. Raises `HandlerError` when no upstream answers it."""
        told = _told(request)
        try:
            async with Watch(request, send) as watch:
                await self._pass_on(ways, request, send, told, watch)
        except UpstreamError as error:
            raise HandlerError(_status(error), str(error)) from error
        finally:
            told.finished = perf_counter()

    async def _pass_on(
        self, ways: Sequence[_Linked], request: Request, send: Send, told: Told, watch: Watch
    ) -> None:
        client = client_of(request)
        outgoing = await self._outgoing(request, client)
        reply, backend = await self._attempts.reply(outgoing, told, informing(client))
        try:
            routes = await self._routes_or_answer(ways, request, send, reply)
            if routes is not None:
                watch.end()
                told.held = Held(reply.fields, partial(self._answer_watched, request, reply))
                await routes(request, send)
        finally:
            reply.close()
            backend.host.end()

    async def _routes_or_answer(
        self, ways: Sequence[_Linked], request: Request, send: Send, reply: Reply
    ) -> Next | None:
        """Send a response to the client, or return the routes that it has."""
        status = None
        for way, routes in ways:
            if way.matches(reply.status, reply.fields):
                if way.status is None:
                    return routes
                status = way.status(request)
                break
        await self._answering.send(request, reply, send, status)
        return None

    async def _outgoing(self, request: Request, client: Client | None) -> Outgoing:
        """Return the request as upstreams get it, but for what depends on which one does."""
        sent = request
        if self._rewrite:
            sent = request.twin()
            for edit in self._rewrite:
                edit(sent)
        target = target_of(sent)
        without_body = self._bodiless and (
            sent.method != request.method or target != target_of(request)
        )
        content = None if without_body else await content_of(request)
        if content is not None and self._buffer:
            content = await buffered(content, self._buffer)
        return Outgoing(
            request=request,
            method=sent.method,
            target=target,
            fields=request_fields(request, trusted=self._is_trusted(request)),
            content=content,
            upgrade=upgrade_of(request) if client is not None and content is None else b"",
        )

    async def _answer_watched(
        self, request: Request, reply: Reply, send: Send, status: int | None
    ) -> None:
        """Send a response on that was held: `copy_response`."""
        async with Watch(request, send):
            await self._answering.send(request, reply, send, status)


def _told(request: Request) -> Told:
    """Return what placeholders tell of the request, begun anew."""
    told = request.proxied
    if not isinstance(told, Told):
        told = request.proxied = Told()
    told.begin()
    return told


def _status(error: UpstreamError) -> int:
    match error:
        case RetryableReplyError():
            return error.status
        case NoUpstreamError():
            return _UNAVAILABLE
        case UpstreamTimeoutError():
            return _GATEWAY_TIMEOUT
        case _:
            return _BAD_GATEWAY


def target_of(request: Request) -> bytes:
    """Return path and query as an upstream gets them, in a valid encoding."""
    path = request.raw_path
    if path.translate(None, _PLAIN):
        path = escaped_path(request).encode("ascii")
    return path + b"?" + request.query if request.query or request.has_bare_query else path
