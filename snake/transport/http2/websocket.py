"""WebSockets over HTTP/2 (RFC 8441): Hypercorn's and wsproto's, on a stream of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from hypercorn.config import Config
from hypercorn.protocol.events import (
    Body,
    Data,
    EndBody,
    Event,
    Request,
    Response,
    StreamClosed,
)
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.typing import ConnectionState as NoState
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection

from snake.transport.asgi import ASGIApp, ClientDisconnectedError, Message, Scope
from snake.transport.call import Call
from snake.transport.fields import CONNECTION_FIELDS, Field, plain_fields
from snake.transport.http2.tunnel import StreamTunnel
from snake.transport.hypercorn import SERVICE_RESTART
from snake.transport.limits import Limits
from snake.transport.websocket import Handshake

if TYPE_CHECKING:
    from snake.transport.http2.requests import Requests

log = logging.getLogger("snake.http")

_LONGEST_GOODBYE = 1.0
"""Seconds in which a client can answer the close of its WebSocket."""
_OK = 200


class WebSocket:
    """One WebSocket. To Hypercorn's code, it is its server."""

    def __init__(self, connection: Requests, tunnel: StreamTunnel, scope: Scope) -> None:
        host = connection.serving.host
        self.app: ASGIApp = connection.serving.app
        self.read_high_water = connection.serving.settings.read_high_water
        self._connection = connection
        self._tunnel = tunnel
        self._scope = scope
        self._call: Call | None = None
        self._decided = asyncio.Event()
        self._stream = WSStream(
            cast(Any, self.app),
            host.config,
            host.context,
            cast(Any, self),
            scope["scheme"] == "wss",
            cast(Any, connection.client),
            cast(Any, connection.server),
            self._send,
            tunnel.number,
        )

    async def run(self) -> None:
        """Speak, until it is over."""
        tunnel, stream = self._tunnel, self._stream
        tunnel.when_gone(self._decided.set)
        tunnel.when_drained(self._drain)
        try:
            await stream.handle(self._request())
            await self._decided.wait()
            while not (tunnel.is_taken_over or stream.closed) and (data := await tunnel.read()):
                await stream.handle(Data(stream_id=tunnel.number, data=data))
            if not tunnel.is_taken_over:
                await stream.handle(StreamClosed(stream_id=tunnel.number))
                tunnel.close()
        except ClientDisconnectedError:
            await stream.handle(StreamClosed(stream_id=tunnel.number))
        except Exception as error:  # noqa: BLE001
            # What a hostile client can make wsproto raise ends its stream.
            log.debug("WebSocket ended: %r", error)
            self.break_off()
            await stream.handle(StreamClosed(stream_id=tunnel.number))

    def _request(self) -> Request:
        return Request(
            stream_id=self._tunnel.number,
            headers=self._scope["headers"],
            http_version="2",
            method="CONNECT",
            raw_path=self._scope["raw_path"],
            state=NoState({}),
        )

    def _drain(self) -> None:
        self._keep(self._say_goodbye())

    async def _say_goodbye(self) -> None:
        stream = self._stream
        if stream.state is not ASGIWebsocketState.CONNECTED:
            return
        asyncio.get_running_loop().call_later(_LONGEST_GOODBYE, self._tunnel.close)
        with suppress(ClientDisconnectedError):
            await stream._send_wsproto_event(CloseConnection(code=SERVICE_RESTART))  # noqa: SLF001
        if stream.app_put is not None:
            await stream.app_put({"type": "websocket.disconnect", "code": SERVICE_RESTART})

    def _keep(self, action: Coroutine[Any, Any, None]) -> None:
        tasks = self._connection.serving.tasks
        task = asyncio.get_running_loop().create_task(action)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    # What Hypercorn calls ----------------------------------------------------------------

    async def spawn_app(
        self, app: object, config: Config, scope: object, send: Callable[..., Any]
    ) -> Callable[[Message], Awaitable[None]]:
        """Start the app; return what takes messages for it."""
        del app, scope, send
        headers = self._scope["headers"]
        self._stream.handshake = Handshake(headers, "2", config.websocket_max_message_size)
        self._call = call = Call(self, self._scope, self._stream)
        self._connection.running += 1
        self._keep(self._run(call))
        return call.put

    async def _run(self, call: Call) -> None:
        try:
            await call.run()
        finally:
            self._connection.running -= 1

    async def _send(self, event: Event) -> None:
        """Send; nothing to a client that is gone, of which the app hears when it sends again."""
        with suppress(ClientDisconnectedError):
            await self._put(event)

    async def _put(self, event: Event) -> None:
        tunnel = self._tunnel
        match event:
            case Response():
                tunnel.respond(event.status_code, _kept(event.headers))
                self._decided.set()
            case Data() | Body():
                await tunnel.write(event.data)
            case EndBody():
                tunnel.end()
            case StreamClosed():
                if self._awaits_close():
                    asyncio.get_running_loop().call_later(_LONGEST_GOODBYE, tunnel.close)
                    return
                tunnel.close()
                self._decided.set()
                await self._stream.handle(event)

    def _awaits_close(self) -> bool:
        """Whether the client is about to answer a close; the stream is open until then.

        To close our side would reset its own, as it has not closed that (RFC 9113 §8.1).
        """
        connection = getattr(self._stream, "connection", None)
        return connection is not None and connection.state is ConnectionState.LOCAL_CLOSING

    # What the call needs -----------------------------------------------------------------

    @property
    def closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._tunnel.gone

    def complete(self, scope: Scope) -> None:
        """Do nothing: the scope is ours already."""

    def limits_with(self, own: tuple[Limits, ...], limits: Limits) -> tuple[Limits, ...]:
        """Return the limits of a request and one more."""
        return self._connection.serving.limits_with(own, limits)

    def switch(self, message: Message) -> StreamTunnel:
        """Answer that the stream is what was asked for, and let go of it."""
        fields = plain_fields(message.get("headers") or ())
        fields = [field for field in fields if field[0] != b"sec-websocket-accept"]
        self._tunnel.respond(_OK, [*fields, *self._connection.stamp()])
        self._tunnel.is_taken_over = True
        self._decided.set()
        return self._tunnel

    def stamp(self, *, dated: bool, named: bool) -> list[Field]:
        """Return the fields that the transport adds to a head that has not got them."""
        given = {b"date"} if dated else set()
        given |= {b"server"} if named else set()
        return [field for field in self._connection.stamp() if field[0] not in given]

    async def release(self) -> None:
        """Do nothing: what came too early waits in the stream."""

    async def give_way(self) -> None:
        """Let others have their turn."""
        if self._connection.turn_is_over():
            await asyncio.sleep(0)

    def break_off(self) -> None:
        """End what cannot be finished, so that the client does not take it for whole."""
        self._tunnel.break_off()


def _kept(headers: list[Field]) -> list[Field]:
    return [(bytes(n).lower(), bytes(v)) for n, v in headers if n.lower() not in CONNECTION_FIELDS]
