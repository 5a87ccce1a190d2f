"""ProxyHandler: passes requests on to upstreams, and their responses to clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from snake.core.record import Record
from snake.http.errors import AbortError, HandlerError
from snake.http.handler import Linked, Next, Send
from snake.http.header_ops import Edit, ResponseOps
from snake.http.request import Request
from snake.http.response import drop_early
from snake.http.response_handler import Way
from snake.http.uri import escaped_path
from snake.proxy.attempts import Attempts
from snake.proxy.content import content_of
from snake.proxy.contract import (
    BrokenReplyError,
    Field,
    Outgoing,
    Reply,
    UpstreamError,
    UpstreamTimeoutError,
)
from snake.proxy.forwarding import request_fields, response_fields, upgrade_of, via
from snake.proxy.retries import NoUpstreamError, RetryableReplyError
from snake.proxy.told import Held, Told
from snake.transport.asgi import CLIENT
from snake.transport.exchange import ClientDisconnectedError

CLIENT_CLOSED_REQUEST = 499
_BAD_GATEWAY = 502
_UNAVAILABLE = 503
_GATEWAY_TIMEOUT = 504
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/"
"""What a path is made of that is the same encoded and decoded (RFC 3986 §3.3)."""


ResponseEdit = Callable[[int, list[Field], Request], list[Field]]
_Linked = tuple[Way, Next]
"""What becomes of responses that match, and its routes, linked."""


class Proxying(Record):
    """What the handler is made of."""

    attempts: Attempts
    is_trusted: Callable[[Request], bool]
    rewrite: Sequence[Callable[[Request], None]] = ()
    bodiless: bool = False
    """Whether what is rewritten has no body: it is made a GET or a HEAD."""
    ways: Sequence[Way] = ()
    edit_response: ResponseEdit | None = None


class ProxyHandler(Linked):
    """The running form of `reverse_proxy`."""

    def __init__(self, proxying: Proxying) -> None:
        self._attempts = proxying.attempts
        self._rewrite = proxying.rewrite
        self._bodiless = proxying.bodiless
        self._ways = proxying.ways
        self._edit_response = proxying.edit_response
        self._is_trusted = proxying.is_trusted

    def link(self, after: Next) -> Next:
        """Link the routes of `handle_response` to what follows."""
        return partial(self._handle, [(way, way.routes(after)) for way in self._ways])

    async def _handle(self, ways: Sequence[_Linked], request: Request, send: Send) -> None:
        """Pass one request on. Raises `HandlerError` when no upstream answers it."""
        told = _told(request)
        try:
            async with _Watch(request, send) as watch:
                await self._pass_on(ways, request, send, told, watch)
        except UpstreamError as error:
            raise HandlerError(_status(error), str(error)) from error
        finally:
            told.finished = perf_counter()

    async def _pass_on(
        self, ways: Sequence[_Linked], request: Request, send: Send, told: Told, watch: _Watch
    ) -> None:
        reply, backend = await self._attempts.reply(await self._outgoing(request), told, _inform)
        try:
            routes = await self._routes_or_answer(ways, request, send, reply)
            if routes is not None:
                watch.end()
                told.held = Held(reply.fields, partial(self._answer_watched, request, reply))
                await routes(request, send)
        finally:
            reply.close()
            backend.host.requests -= 1

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
        await self._answer(request, reply, send, status)
        return None

    async def _outgoing(self, request: Request) -> Outgoing:
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
        return Outgoing(
            request=request,
            method=sent.method,
            target=target,
            fields=request_fields(request, trusted=self._is_trusted(request)),
            content=None if without_body else await content_of(request),
            upgrade=upgrade_of(request.headers),
        )

    async def _answer_watched(
        self, request: Request, reply: Reply, send: Send, status: int | None
    ) -> None:
        """Send a response on that was held: `copy_response`."""
        async with _Watch(request, send):
            await self._answer(request, reply, send, status)

    async def _answer(self, request: Request, reply: Reply, send: Send, status: int | None) -> None:
        """Send a response to the client. Raises `AbortError` when it breaks off."""
        status = status or reply.status
        fields = response_fields(reply.fields)
        has_length = any(name == b"content-length" for name, _ in fields)
        if self._edit_response is not None:
            fields = self._edit_response(status, fields, request)
        drop_early(request, (b"server",))
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": status,
            "headers": [via(reply.version), *fields],
            "server_header": False,
            "sniff": has_length,
            "chunked": not has_length,
        }
        await send(start)
        body = reply.ready()
        if body is not None:
            await send({"type": "http.response.body", "body": body})
            return
        try:
            if not reply.begun():
                # The head goes out although the body is still to come.
                await send({"type": "http.response.body", "body": b"", "more_body": True})
            while piece := await reply.read():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except BrokenReplyError as error:
            raise AbortError from error
        await send({"type": "http.response.body", "body": b""})


def response_edit(ops: ResponseOps | None, edit: Edit | None) -> ResponseEdit | None:
    """Return operations on responses as a function that looks first if they concern this one."""
    if ops is None or edit is None:
        return None
    if ops.require is None:
        return lambda _, fields, request: edit(fields, request)
    matches = ops.require.compile()
    return lambda status, fields, request: (
        edit(fields, request) if matches(status, fields) else fields
    )


class _Watch:
    """Cancels the request's own task when its client goes away within the block.

    The block then raises `ClientDisconnectedError`.
    """

    __slots__ = ("_ended", "_gone", "_request", "_send", "_task")

    def __init__(self, request: Request, send: Send) -> None:
        self._request = request
        self._send = send
        self._ended = False
        self._gone = False
        self._task: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        client = (self._request.scope.get("extensions") or {}).get(CLIENT)
        if client is not None:
            self._task = asyncio.current_task()
            client.when_gone(self._leave)
        return self

    def end(self) -> None:
        """Watch no more: what follows may be an app, which hears itself that its client goes."""
        self._task = None
        self._ended = True

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._task = None
        if self._ended:
            return
        if isinstance(error, ClientDisconnectedError):
            await _note_gone(self._send)
        elif self._gone and isinstance(error, asyncio.CancelledError):
            # The cancellation was meant for the request to the upstream.
            if (current := asyncio.current_task()) is not None:
                current.uncancel()
            await _note_gone(self._send)
            raise ClientDisconnectedError("the client went away") from None

    def _leave(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            self._gone = True
            task.cancel()


async def _inform(status: int, fields: Sequence[Field]) -> None:
    """Pass on an interim response."""
    del status, fields


async def _note_gone(send: Send) -> None:
    """Have the log say that the client closed its request; nobody gets it."""
    with suppress(ClientDisconnectedError):
        await send({"type": "http.response.start", "status": CLIENT_CLOSED_REQUEST, "headers": []})


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
    return path + b"?" + request.query if request.query else path
