"""Hypercorn's part: WebSockets over HTTP/1.1.

A connection comes here when a request asks for a WebSocket. Hypercorn's protocols read its bytes
and write their answers (`websocket.py` is what we add to them). The socket, the tasks, the limits
and the app's view of it all (`call.py`) are ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, cast

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.typing import ConnectionState
from wsproto.events import CloseConnection

from snake.transport.asgi import ASGIApp, Message, Scope, decode_path
from snake.transport.call import Call
from snake.transport.framing import switching_head
from snake.transport.limits import Limits
from snake.transport.names import TOKEN, RequestNames
from snake.transport.refusal import RefusedError
from snake.transport.scope import secure
from snake.transport.settings import Settings
from snake.transport.target import check_host, check_path
from snake.transport.websocket import Handshake

if TYPE_CHECKING:
    from snake.transport.http1 import Connection
    from snake.transport.serve import Serving
    from snake.transport.tunnel import Tunnel

log = logging.getLogger("snake.http")

SERVICE_RESTART = 1012
"""The close code of a WebSocket that has to end because the server does (IANA's registry)."""
_LONGEST_GOODBYE = 1.0
"""Seconds in which a client can answer the close of its WebSocket."""

Put = Callable[[Message], Awaitable[None]]


def _config(settings: Settings) -> Config:
    config = Config()
    config.errorlog = log
    config.include_server_header = False
    config.include_date_header = False
    config.h11_max_incomplete_size = settings.max_header_bytes
    return config


class Host:
    """What the guests of one `Serving` share."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.config = _config(serving.settings)
        self.context = WorkerContext(None)
        self.names = RequestNames(serving.settings)

    def adopt(self, connection: Connection, begun: bytes, data: bytes) -> Guest:
        """Go on with a connection that began like this, and from `data` on."""
        return Guest(self, connection, begun, data)


class Guest:
    """A connection that Hypercorn's protocols read and write. To them, it is their server."""

    def __init__(self, host: Host, connection: Connection, begun: bytes, data: bytes) -> None:
        self.silent = True
        """Whether no request has come."""
        self.idle = False
        """Whether nothing is being asked."""
        self.since = host.serving.clock.now
        """When it became idle."""
        self.app: ASGIApp = host.serving.app
        self.read_high_water = host.serving.settings.read_high_water
        self._host = host
        self._connection = connection
        self._calls: set[Call] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._left = False
        self._news = asyncio.Event()
        self._data = b""
        self._begun = begun
        self._protocol = H11Protocol(
            cast(Any, self.app),
            host.config,
            host.context,
            cast(Any, self),
            ConnectionState(host.serving.state or {}),
            connection.secured is not None,
            connection.client,
            cast(Any, connection.server),
            self._send,
        )
        self.feed(data)
        self.spawn(self._read)

    @property
    def now(self) -> float:
        """The time of the last tick."""
        return self._host.serving.clock.now

    def limits_with(self, own: tuple[Limits, ...], limits: Limits) -> tuple[Limits, ...]:
        """Return the limits of a request and one more."""
        return self._host.serving.limits_with(own, limits)

    @property
    def closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._left or self._connection.transport.is_closing()

    # What the connection calls ------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take bytes of the client."""
        self._data += data
        if len(self._data) > self.read_high_water:
            self._connection.pause_reading()
        self._news.set()

    def leave(self) -> None:
        """Let go of a connection that is closed: every app hears of it."""
        if self._left:
            return
        self._left = True
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        for call in self._calls:
            call.drop()
        self._keep(self._end())

    async def _end(self) -> None:
        await self._protocol.handle(Closed())

    def close(self) -> None:
        """Close, when all that was written is out."""
        self._connection.close(unread=True)
        self.leave()

    def drain(self, *, websockets: bool = True) -> None:
        """Close what is idle, and a WebSocket with 1012; the rest closes when it is idle."""
        stream = getattr(self._protocol, "stream", None)
        if isinstance(stream, WSStream):
            if websockets:
                self._keep(self._say_goodbye(stream))
        elif self.idle or self.silent:
            self.close()

    async def _say_goodbye(self, stream: WSStream) -> None:
        if stream.state is not ASGIWebsocketState.CONNECTED:
            self.close()
            return
        loop = asyncio.get_running_loop()
        loop.call_later(_LONGEST_GOODBYE, self.close)
        await stream._send_wsproto_event(CloseConnection(code=SERVICE_RESTART))  # noqa: SLF001
        if stream.app_put is not None:
            await stream.app_put({"type": "websocket.disconnect", "code": SERVICE_RESTART})

    # What Hypercorn calls ----------------------------------------------------------------

    async def spawn_app(
        self, app: object, config: Config, scope: Scope, send: Callable[..., Any]
    ) -> Put:
        """Start the app for a stream; return what takes messages for it."""
        del app
        self.silent = False
        stream = cast(WSStream, cast(Any, send).__self__)
        stream.handshake = Handshake(
            scope["headers"], scope["http_version"], config.websocket_max_message_size
        )
        call = Call(self, scope, stream)
        self._calls.add(call)
        self._keep(call.run()).add_done_callback(lambda _: self._calls.discard(call))
        return call.put

    def spawn(self, action: Callable[..., Coroutine[Any, Any, None]], *args: object) -> None:
        """Start what runs as long as the connection does."""
        task = asyncio.get_running_loop().create_task(action(*args))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, event: Event) -> None:
        match event:
            case RawData():
                if not self.closing:
                    self._connection.write(event.data)
                    await self._connection.drained()
            case Closed():
                self.close()
            case Updated():
                self.idle = event.idle
                self.since = self.now
                if event.idle and self._host.serving.closing:
                    self.close()

    def _keep(self, action: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start what has to end by itself, though the connection be gone."""
        tasks = self._host.serving.tasks
        task = asyncio.get_running_loop().create_task(action)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    async def _read(self) -> None:
        try:
            await self._protocol.handle(RawData(self._begun))
            while not self._left:
                await self._news.wait()
                self._news.clear()
                if not self._data or self._is_undecided():
                    continue
                await self._hand_on()
        except Exception as error:  # noqa: BLE001
            # What a hostile client can make Hypercorn and its parsers raise ends its connection.
            log.debug("connection ended: %r", error)
            self.close()

    async def release(self) -> None:
        """Let Hypercorn have what came too early; it refuses a WebSocket for that."""
        if self._data:
            await self._hand_on()

    async def _hand_on(self) -> None:
        data, self._data = self._data, b""
        self._connection.resume_reading()
        await self._protocol.handle(RawData(data))
        self._check_handshake()

    def _is_undecided(self) -> bool:
        """Whether what comes now may be for a handler that takes the connection over."""
        stream = getattr(self._protocol, "stream", None)
        return isinstance(stream, WSStream) and stream.state is ASGIWebsocketState.HANDSHAKE

    def _check_handshake(self) -> None:
        """Close after a handshake that was answered with an error, as one with more bytes is."""
        stream = getattr(self._protocol, "stream", None)
        if isinstance(stream, WSStream) and stream.closed:
            self.close()

    def switch(self, message: Message) -> Tunnel:
        """Send a `101 Switching Protocols`, and let go of the connection."""
        connection = self._connection
        connection.write(switching_head(message) + self._host.serving.clock.stamp)
        self._left = True
        for task in self._tasks:
            task.cancel()
        return connection.take_over(self._data)

    # What a call needs ----------------------------------------------------------------------

    def complete(self, scope: Scope) -> None:
        """Make Hypercorn's scope one of ours. Raises `RefusedError`."""
        names = self._host.names
        raw_path: bytes = scope["raw_path"]
        method: str = scope.get("method", "GET")  # a WebSocket has none
        if not (raw_path.startswith(b"/") and TOKEN.fullmatch(method.encode("ascii", "replace"))):
            raise RefusedError(400)
        check_path(raw_path)
        scope["path"] = decode_path(raw_path)
        scope["asgi"] = {"version": "3.0", "spec_version": "2.5"}
        headers = [
            (names[name], value)
            for name, value in scope["headers"]
            if names[name] and name != b"expect"  # it is between a client and its next server
        ]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1:
            raise RefusedError(400)
        check_host(hosts[0])
        scope["headers"] = headers
        if self._host.serving.state is None:
            scope.pop("state", None)
        connection = self._connection
        if connection.secured is not None:
            secure(scope, connection.secured, connection.tls_extension)

    def stamp(self, *, dated: bool, named: bool) -> list[tuple[bytes, bytes]]:
        """Return the fields that the transport adds to a head that has not got them."""
        server = self._host.serving.settings.server_header
        fields = [] if dated else [(b"date", self._host.serving.clock.date[6:-2])]
        return fields if named or not server else [*fields, (b"server", server)]

    async def give_way(self) -> None:
        """Let others have their turn."""
        if self._connection.turn_is_over():
            await asyncio.sleep(0)

    def break_off(self) -> None:
        """End a response that cannot be finished, so that the client does not take it for whole."""
        self._connection.abort(reset=True)
