"""Connection: one connection from a worker; it carries one request after the other."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from snake.app.failure import FailedError, describe, is_disconnect, place
from snake.pool.exchange import DONE, HTTPExchange
from snake.pool.frames import BODY, END, FAILED, GOAWAY, HEAD, FrameError, Frames, frame
from snake.pool.request_head import read
from snake.pool.websocket import CLOSED, WebSocketExchange
from snake.transport.asgi import AbortError, ASGIApp, ClientDisconnectedError, Scope

log = logging.getLogger("snake.python")

_LONGEST_TRACE = 100_000
"""Characters of a traceback that are passed on."""

State = dict[str, Any]


class Serving:
    """What all connections of a process share."""

    def __init__(self, app: ASGIApp, start: Callable[..., asyncio.Task[None]]) -> None:
        self.app = app
        self.start = start
        self.state: State | None = None
        """What the app's lifespan has left; `None` without one."""
        self.connections: set[Connection] = set()
        self.draining = False
        self.served = 0
        """Requests that were begun."""
        self.on_answer: Callable[[], None] | None = None
        self.idle = asyncio.Event()

    def drain(self) -> None:
        """Ask for no more requests: every connection is to be closed by its worker."""
        self.draining = True
        for connection in self.connections:
            connection.go_away()
        self.note()

    def note(self) -> None:
        """Tell whoever waits for it that there is no connection any more."""
        if self.draining and not self.connections:
            self.idle.set()


class Connection(asyncio.Protocol):
    """One connection from a worker."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._frames = Frames()
        self._exchange: HTTPExchange | WebSocketExchange | None = None
        self._transport: Any = None
        self._room: asyncio.Future[None] | None = None
        self._paused = False
        self._tasks: set[asyncio.Task[None]] = set()

    # asyncio.Protocol ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._serving.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the app know that nobody listens."""
        del exc
        if self._exchange is not None:
            self._exchange.drop()
        self.resume_writing()
        self._serving.connections.discard(self)
        self._serving.note()

    def data_received(self, data: bytes) -> None:
        """Take what the worker sent."""
        try:
            for kind, payload, left in self._frames.feed(data):
                self._take(kind, payload, left)
        except FrameError:
            log.exception("a worker sent what cannot be read")
            self._transport.abort()

    def pause_writing(self) -> None:
        """Let the app wait: the worker has enough."""
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let the app go on."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    # For exchanges -------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send to the worker."""
        self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the worker has taken most of what was sent."""
        if self._room is not None:
            await asyncio.shield(self._room)

    def pause_reading(self) -> None:
        """Take no more from the worker."""
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take more from the worker."""
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def answered(self, exchange: HTTPExchange) -> None:
        """Note that a response is out."""
        self.resume_reading()
        if exchange is self._exchange and self._serving.draining:
            self.write(frame(GOAWAY))
        if self._serving.on_answer is not None:
            self._serving.on_answer()

    def go_away(self) -> None:
        """Ask the worker to close this connection when it has nothing more to wait for."""
        if self._exchange is None or self._exchange.is_over:
            self.write(frame(GOAWAY))

    # The requests ----------------------------------------------------------------

    def _take(self, kind: int, payload: bytes, left: int) -> None:
        exchange = self._exchange
        if kind == HEAD:
            self._begin(payload)
        elif kind in (BODY, END) and isinstance(exchange, HTTPExchange):
            exchange.feed(payload, last=kind == END and not left)
        elif isinstance(exchange, WebSocketExchange):
            exchange.take(kind, payload)

    def _begin(self, payload: bytes) -> None:
        scope, body = read(payload)
        serving = self._serving
        serving.served += 1
        if serving.state is not None:
            scope["state"] = serving.state.copy()
        exchange: HTTPExchange | WebSocketExchange
        if scope["type"] == "websocket":
            exchange = WebSocketExchange(self)
        else:
            exchange = HTTPExchange(self, body)
        self._exchange = exchange
        task = serving.start(self._run(scope, exchange))
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, scope: Scope, exchange: HTTPExchange | WebSocketExchange) -> None:
        """Call the app, and tell the worker what went wrong."""
        error: BaseException | None = None
        try:
            await self._serving.app(scope, exchange.receive, exchange.send)
        except FailedError as failed:
            error = failed.error
        except AbortError as aborted:
            error = aborted
        except BaseException as raised:  # noqa: BLE001  (whatever an app raises is its failure)
            error = raised
        self._end(exchange, error)

    def _end(self, exchange: HTTPExchange | WebSocketExchange, error: BaseException | None) -> None:
        if isinstance(exchange, WebSocketExchange):
            if error is not None and not (exchange.gone and is_disconnect(error)):
                self._fail(error)
            elif exchange.state != CLOSED and not exchange.gone:
                self._unfinished()
            self._transport.close()
        elif exchange.state == DONE or exchange.gone:
            if error is not None and not is_disconnect(error):
                log.error("app failed after its response", exc_info=error)
        elif error is not None:
            self._fail(error)
        else:
            self._unfinished()

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, AbortError | ClientDisconnectedError):
            told = ["", "", ""]
        else:
            trace = describe(error)[-_LONGEST_TRACE:]
            told = [f"{type(error).__name__}: {error}"[:_LONGEST_TRACE], place(error), trace]
        self._say_failed(told)

    def _unfinished(self) -> None:
        self._say_failed(["the app returned before its response was complete", "", ""])

    def _say_failed(self, told: list[str]) -> None:
        """Tell the worker, and take no other request on this connection."""
        self.write(frame(FAILED, json.dumps(told).encode()))
        self._transport.close()
