"""ProxyHandler: passes requests on to upstreams, and their responses to clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any

from snake.core.record import Record
from snake.http.errors import AbortError, HandlerError
from snake.http.handler import Next, Send
from snake.http.header_ops import Edit, ResponseOps
from snake.http.request import Request
from snake.http.response import drop_early
from snake.http.uri import escaped_path
from snake.proxy.content import content_of
from snake.proxy.contract import (
    BrokenReplyError,
    Field,
    Outgoing,
    Reply,
    Transport,
    UpstreamError,
    UpstreamTimeoutError,
)
from snake.proxy.forwarding import request_fields, response_fields, upgrade_of, via
from snake.proxy.pool import Pool, Upstream
from snake.proxy.told import Told
from snake.transport.asgi import CLIENT
from snake.transport.exchange import ClientDisconnectedError

CLIENT_CLOSED_REQUEST = 499
_BAD_GATEWAY = 502
_UNAVAILABLE = 503
_GATEWAY_TIMEOUT = 504
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/"
"""What a path is made of that is the same encoded and decoded (RFC 3986 §3.3)."""


ResponseEdit = Callable[[int, list[Field], Request], list[Field]]


class Proxying(Record):
    """What the handler is made of."""

    transport: Transport
    pool: Pool
    edit_request: Edit | None = None
    edit_response: ResponseEdit | None = None
    is_trusted: Callable[[Request], bool] = lambda _: False


class ProxyHandler:
    """The running form of `reverse_proxy`."""

    def __init__(self, proxying: Proxying) -> None:
        self._transport = proxying.transport
        self._pool = proxying.pool
        self._edit_request = proxying.edit_request
        self._edit_response = proxying.edit_response
        self._is_trusted = proxying.is_trusted

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Pass one request on. Raises `HandlerError` when no upstream answers it."""
        del next
        told = request.proxied = Told()
        watch = _Watch(request)
        try:
            await self._proxy(request, send, told)
        except asyncio.CancelledError:
            if not watch.gone:
                raise
            watch.settle()
            await _note_gone(send)
            raise ClientDisconnectedError("the client went away") from None
        except ClientDisconnectedError:
            await _note_gone(send)
            raise
        except UpstreamError as error:
            raise HandlerError(_status(error), str(error)) from error
        finally:
            watch.end()

    async def _proxy(self, request: Request, send: Send, told: Told) -> None:
        fields = request_fields(request, trusted=self._is_trusted(request))
        upgrade = upgrade_of(request.headers)
        content = await content_of(request)
        upstream = self._pool.select(request)
        if upstream is None:
            raise HandlerError(_UNAVAILABLE, "no upstreams available")
        told.upstream = upstream
        told.to = to = upstream.dial(request)
        if self._transport.encrypted:
            fields = [
                (b"host", to.address.encode()),
                *(field for field in fields if field[0] != b"host"),
            ]
        if self._edit_request is not None:
            fields = self._edit_request(fields, request)
        outgoing = Outgoing(
            request=request,
            method=request.method,
            target=target_of(request),
            fields=fields,
            content=content,
            upgrade=upgrade,
        )
        await self._pass_on(outgoing, send, told, upstream)

    async def _pass_on(
        self, outgoing: Outgoing, send: Send, told: Told, upstream: Upstream
    ) -> None:
        """Send a request to one upstream, and its response to the client."""
        assert told.to is not None  # noqa: S101
        upstream.requests += 1
        try:
            told.sent = perf_counter()
            reply = await self._transport.round_trip(told.to, outgoing, _inform)
            told.replied = perf_counter()
            told.reply = reply
            try:
                await self._answer(outgoing.request, send, reply)
            finally:
                reply.close()
            told.finished = perf_counter()
        finally:
            upstream.requests -= 1

    async def _answer(self, request: Request, send: Send, reply: Reply) -> None:
        """Send a response to the client. Raises `AbortError` when it breaks off."""
        fields = response_fields(reply.fields)
        if self._edit_response is not None:
            fields = self._edit_response(reply.status, fields, request)
        drop_early(request, (b"server",))
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [via(reply.version), *fields],
            "server_header": False,
        }
        await send(start)
        body = reply.ready()
        if body is not None:
            await send({"type": "http.response.body", "body": body})
            return
        try:
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
    """Cancels the request's own task when its client goes away, whatever it waits for."""

    __slots__ = ("_task", "gone")

    def __init__(self, request: Request) -> None:
        self.gone = False
        self._task: asyncio.Task[Any] | None = None
        client = (request.scope.get("extensions") or {}).get(CLIENT)
        if client is not None:
            self._task = asyncio.current_task()
            client.when_gone(self._leave)

    def _leave(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            self.gone = True
            task.cancel()

    def settle(self) -> None:
        """Take the cancellation back: it was meant for the request to the upstream."""
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()

    def end(self) -> None:
        """Watch no more."""
        self._task = None


async def _inform(status: int, fields: Sequence[Field]) -> None:
    """Pass on an interim response."""
    del status, fields


async def _note_gone(send: Send) -> None:
    """Have the log say that the client closed its request; nobody gets it."""
    with suppress(ClientDisconnectedError):
        await send({"type": "http.response.start", "status": CLIENT_CLOSED_REQUEST, "headers": []})


def _status(error: UpstreamError) -> int:
    return _GATEWAY_TIMEOUT if isinstance(error, UpstreamTimeoutError) else _BAD_GATEWAY


def target_of(request: Request) -> bytes:
    """Return path and query as an upstream gets them, in a valid encoding."""
    path = request.raw_path
    if path.translate(None, _PLAIN):
        path = escaped_path(request).encode("ascii")
    return path + b"?" + request.query if request.query else path
