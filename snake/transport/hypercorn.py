"""Hypercorn's part: WebSockets, and HTTP/2 without TLS. The only file that knows Hypercorn.

A connection comes here when its first bytes are the preface of HTTP/2, or when a request asks
for a WebSocket. Hypercorn reads the bytes that were read already, then the socket; the app is
the same, behind a wrapper that gives it the scopes, and the client the headers, that it
would have had over HTTP/1.1.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.typing import AppWrapper
from wsproto.events import CloseConnection, Event

from snake.transport.asgi import (
    AbortError,
    Message,
    Receive,
    ResponseStartedError,
    Scope,
    Send,
    decode_path,
)
from snake.transport.exchange import ClientDisconnectedError
from snake.transport.framing import DATED, NAMED, response_head
from snake.transport.names import RequestNames
from snake.transport.refusal import RefusedError
from snake.transport.settings import Settings
from snake.transport.target import check_host, check_path

if TYPE_CHECKING:
    from snake.transport.http1 import Connection
    from snake.transport.serve import Serving

log = logging.getLogger("snake.http")

SERVICE_RESTART = 1012
"""The close code of a WebSocket that has to end because the server does (IANA's registry)."""
_LONGEST_GOODBYE = 1.0
"""Seconds in which a client can answer the close of its WebSocket."""


def _config(settings: Settings) -> Config:
    config = Config()
    config.errorlog = log
    config.include_server_header = False
    config.include_date_header = False
    config.h11_max_incomplete_size = settings.max_header_bytes
    config.h2_max_header_list_size = settings.max_header_bytes
    config.keep_alive_timeout = cast(float, settings.idle_timeout)  # None is no timeout here too
    return config


class Host:
    """What the guests of one `Serving` share."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.config = _config(serving.settings)
        self.context = WorkerContext(None)
        self.names = RequestNames(serving.settings)

    def adopt(self, connection: Connection, data: bytes) -> Guest:
        """Go on with a connection from `data` on."""
        return Guest(self, connection, data)

    async def drain(self) -> None:
        """Let HTTP/2 connections end when they are idle."""
        await self.context.terminated.set()


class Guest:
    """A connection that Hypercorn has."""

    def __init__(self, host: Host, connection: Connection, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        transport = connection.transport
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        reader.feed_data(data)
        self.silent = True
        """Whether no request has come."""
        self._host = host
        self._connection = connection
        self._server = TCPServer(
            cast(AppWrapper, self._app),
            loop,
            host.config,
            host.context,
            cast(Any, host.serving.state or {}),
            reader,
            asyncio.StreamWriter(transport, protocol, reader, loop),
        )
        self._task = loop.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._server.run()
        except Exception as error:  # noqa: BLE001
            # What a hostile client can make Hypercorn and its parsers raise ends its connection.
            log.debug("connection ended: %r", error)
        finally:
            self._connection.transport.abort()
            self._host.serving.closed(self._connection)

    # The app ------------------------------------------------------------------------

    async def _app(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        sync_spawn: Callable[..., Any],
        call_soon: Callable[..., Any],
    ) -> None:
        """Run the app with a scope and a `send` as HTTP/1.1 has them: Hypercorn's `AppWrapper`."""
        del sync_spawn, call_soon
        self.silent = False
        serving = self._host.serving
        stream = cast("HTTPStream | WSStream", cast(Any, send).__self__)
        try:
            self._complete(scope)
        except RefusedError as error:
            await _refuse(scope, send, error)
            return
        try:
            await serving.app(scope, _honest(receive, stream), self._checked(send, stream))
        except AbortError:
            # A WebSocket that an app leaves open gets a close with 1011 from Hypercorn.
            if stream.state is not ASGIWebsocketState.CONNECTED:
                await self._reset(stream)
        except ClientDisconnectedError:
            pass
        except Exception:
            if not stream.closed:
                log.exception("the app failed")
            if stream.state is ASGIHTTPState.RESPONSE:
                await self._reset(stream)

    def _complete(self, scope: Scope) -> None:
        """Make Hypercorn's scope one of ours. Raises `RefusedError`."""
        names = self._host.names
        raw_path: bytes = scope["raw_path"]
        if not raw_path.startswith(b"/"):
            raise RefusedError(400)
        check_path(raw_path)
        scope["path"] = decode_path(raw_path)
        scope["client"], scope["server"] = self._connection.client, self._connection.server
        scope["asgi"] = {"version": "3.0", "spec_version": "2.5"}
        headers = [(names[name], value) for name, value in scope["headers"] if names[name]]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1:
            raise RefusedError(400)
        check_host(hosts[0])
        scope["headers"] = _one_cookie(headers)
        if self._host.serving.state is None:
            scope.pop("state", None)

    def _checked(self, send: Send, stream: HTTPStream | WSStream) -> Send:
        """Return a `send` that checks heads, and adds to them what the transport adds.

        It raises when the client is gone. Hypercorn's own returns at once then, and an app that
        only sends would never let go of the loop.
        """
        transport = self._connection.transport
        clock = self._host.serving.clock
        server = self._host.serving.settings.server_header

        async def checked(message: Message) -> None:
            if stream.closed or transport.is_closing():
                raise ClientDisconnectedError("the client is gone")
            if message["type"] in _STARTS:
                if stream.state in _STARTED:
                    raise ResponseStartedError("the response was started already")
                _, _, flags = response_head(message)
                headers = [
                    (name, value)
                    for name, value in message.get("headers") or ()
                    if name.lower() not in _CONNECTION_FIELDS
                ]
                if not flags & DATED:
                    headers.append((b"date", clock.date[6:-2]))
                if server and not flags & NAMED:
                    headers.append((b"server", server))
                message = {**message, "headers": headers}
            await send(message)
            if message["type"] == "websocket.accept":
                _note_close(cast("WSStream", stream))

        return checked

    async def _reset(self, stream: HTTPStream | WSStream) -> None:
        """End a response that cannot be finished, so that the client does not take it for whole."""
        protocol = self._server.protocol.protocol
        if isinstance(protocol, H2Protocol):
            stream.closed = True
            protocol.connection.reset_stream(stream.stream_id, error_code=_INTERNAL_ERROR)
            await protocol.stream_send(StreamClosed(stream_id=stream.stream_id))
        else:
            self._connection.abort()

    # The end ----------------------------------------------------------------------------

    def drain(self) -> None:
        """Close a WebSocket, with 1012; HTTP/2 ends when the host is drained."""
        protocol = getattr(self._server, "protocol", None)
        stream = getattr(protocol and protocol.protocol, "stream", None)
        if isinstance(stream, WSStream):
            task = asyncio.get_running_loop().create_task(self._close(stream))
            self._host.serving.tasks.add(task)
            task.add_done_callback(self._host.serving.tasks.discard)

    async def _close(self, stream: WSStream) -> None:
        if stream.state is ASGIWebsocketState.CONNECTED:
            await stream._send_wsproto_event(CloseConnection(code=SERVICE_RESTART))  # noqa: SLF001
            if stream.app_put is not None:
                await stream.app_put({"type": "websocket.disconnect", "code": SERVICE_RESTART})
            await asyncio.wait([self._task], timeout=_LONGEST_GOODBYE)
        self._connection.transport.close()


_STARTED = frozenset(
    {
        ASGIHTTPState.RESPONSE,
        ASGIHTTPState.CLOSED,
        ASGIWebsocketState.CONNECTED,
        ASGIWebsocketState.RESPONSE,
        ASGIWebsocketState.CLOSED,
        ASGIWebsocketState.HTTPCLOSED,
    }
)
"""States in which it is too late to begin a response."""
_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})
_CONNECTION_FIELDS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
"""Fields that speak of a connection, which HTTP/2 has no words for (RFC 9113 §8.2.2)."""
_INTERNAL_ERROR = 2
"""RFC 9113 §7."""


def _note_close(stream: WSStream) -> None:
    """Keep the code with which the client closes, at the stream: Hypercorn drops it."""
    connection = stream.connection
    events = connection.events

    def noting() -> Iterator[Event]:
        for event in events():
            if isinstance(event, CloseConnection):
                stream.snake_closed = event  # type: ignore[attr-defined]
            yield event

    connection.events = noting  # type: ignore[method-assign, assignment]


def _honest(receive: Receive, stream: HTTPStream | WSStream) -> Receive:
    """Return a `receive` that tells the client's own close code, where Hypercorn says 1006."""
    if not isinstance(stream, WSStream):
        return receive

    async def honest() -> Message:
        message = await receive()
        closed: CloseConnection | None = getattr(stream, "snake_closed", None)
        if closed is not None and message["type"] == "websocket.disconnect":
            return {**message, "code": closed.code, "reason": closed.reason or ""}
        return message

    return honest


async def _refuse(scope: Scope, send: Send, error: RefusedError) -> None:
    """Answer a request that the app is not to see."""
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    headers = [(b"content-length", b"0")]
    await send({"type": f"{kind}.start", "status": error.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": b""})


def _one_cookie(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Join the cookies that HTTP/2 lets clients split (RFC 9113 §8.2.3)."""
    cookies = [value for name, value in headers if name == b"cookie"]
    if len(cookies) < 2:  # noqa: PLR2004
        return headers
    return [
        *(field for field in headers if field[0] != b"cookie"),
        (b"cookie", b"; ".join(cookies)),
    ]
