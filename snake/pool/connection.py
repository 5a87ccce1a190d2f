"""Connection: one connection from a worker; it carries one request after the other."""

from __future__ import annotations

import asyncio
import json
import logging

from snake.app.failure import FailedError, describe, excerpt, is_disconnect, place
from snake.pool.exchange import HTTPExchange
from snake.pool.flow import Flow
from snake.pool.frames import FAILED, GOAWAY, HEAD, UNFINISHED, WELCOME, FrameError, Frames, frame
from snake.pool.request_head import read
from snake.pool.serving import Serving
from snake.pool.websocket import WebSocketExchange
from snake.transport.asgi import AbortError, Scope

log = logging.getLogger("snake.python")

_LONGEST_WORD, _LONGEST_TRACE = 10_000, 100_000
"""Characters of an error and of a traceback that are passed on: in JSON they fit one frame."""
_TURN = 16
"""Pieces of a response that go out before others have their turn."""

_WELCOME = frame(WELCOME)
_GOAWAY = frame(GOAWAY)

Exchange = HTTPExchange | WebSocketExchange


class Connection(Flow):
    """One connection from a worker."""

    def __init__(self, serving: Serving) -> None:
        super().__init__()
        self._serving = serving
        self._frames = Frames()
        self._exchange: Exchange | None = None
        self._left = False
        self._pieces = 0

    # asyncio.Protocol ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._serving.connections.add(self)
        self._transport.write(_WELCOME)
        if self._serving.draining:
            self.go_away()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the app know that nobody listens."""
        del exc
        if self._exchange is not None:
            self._exchange.drop()
        self.resume_writing()
        self._serving.forget(self)

    def data_received(self, data: bytes) -> None:
        """Take what the worker sent."""
        try:
            for kind, payload, left in self._frames.feed(data):
                self._take(kind, payload, left)
        except (FrameError, ValueError, TypeError, KeyError):
            log.exception("a worker sent what cannot be read")
            self._transport.abort()

    @property
    def is_draining(self) -> bool:
        """Whether this process is about to end."""
        return self._serving.draining

    # For exchanges -------------------------------------------------------------

    async def give_way(self) -> None:
        """Wait until the worker has taken most of what was sent, and let others have their turn."""
        self._pieces += 1
        if self._room is not None:
            await self.drained()
        elif self._pieces % _TURN == 0:
            await asyncio.sleep(0)

    def answered(self) -> None:
        """Note that a response is out."""
        serving = self._serving
        if serving.draining:
            self._say_goodbye()
        if serving.on_answer is not None:
            serving.on_answer()

    def go_away(self) -> None:
        """Ask the worker to close this connection when it has nothing more to wait for."""
        if self._exchange is None or self._exchange.is_over:
            self._say_goodbye()

    def end_websocket(self) -> None:
        """Tell a WebSocket, if this is one, that the service restarts."""
        if isinstance(self._exchange, WebSocketExchange):
            self._exchange.restart()

    def _say_goodbye(self) -> None:
        if not self._left:
            self._left = True
            self.write(_GOAWAY)

    def abort(self) -> None:
        """End it at once."""
        self._transport.abort()

    # The requests ----------------------------------------------------------------

    def _take(self, kind: int, payload: bytes, left: int) -> None:
        exchange = self._exchange
        if kind == HEAD:
            if exchange is not None and not exchange.is_over:
                raise FrameError("a request came before the one before it was over")
            self._begin(payload)
        elif exchange is None:
            raise FrameError("a request began with something else")
        else:
            exchange.take(kind, payload, left)

    def _begin(self, payload: bytes) -> None:
        scope, body = read(payload)
        serving = self._serving
        serving.served += 1
        if serving.state is not None:
            scope["state"] = serving.state.copy()
        if scope["type"] == "websocket":
            exchange: Exchange = WebSocketExchange(self)
        else:
            exchange = HTTPExchange(self, scope, body)
        self._exchange = exchange
        task = serving.start(self._run(scope, exchange))
        if not task.done():
            serving.tasks.add(task)
            task.add_done_callback(serving.tasks.discard)

    async def _run(self, scope: Scope, exchange: Exchange) -> None:
        """Call the app, and tell the worker what went wrong."""
        target = scope["path"]
        try:
            await self._serving.app(scope, exchange.receive, exchange.send)
        except FailedError as failed:
            self._fail(exchange, failed.error, target)
        except BaseException as error:
            # Whatever an app raises is its failure; but its task may be cancelled from outside.
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            self._fail(exchange, error, target)
        else:
            if exchange.is_awaited:
                self.write(frame(UNFINISHED))

    def _fail(self, exchange: Exchange, error: BaseException, target: str) -> None:
        """Tell the worker that the app failed; or the log, when the worker no longer listens."""
        if isinstance(error, AbortError) or is_disconnect(error):
            told = ["", "", ""]
        else:
            words = [f"{type(error).__name__}: {error}", place(error)]
            told = [*(word[:_LONGEST_WORD] for word in words), describe(error)[-_LONGEST_TRACE:]]
        if not (exchange.is_answered or exchange.gone):
            self.write(frame(FAILED, json.dumps(told).encode()))
            return
        if told[0]:
            fields = {"path": target, "error": told[0], "err_trace": told[1]}
            log.error(
                "app failed after its response", exc_info=excerpt(error), extra={"fields": fields}
            )
        if exchange.is_awaited:
            self.write(frame(UNFINISHED))


def _is_cancelled() -> bool:
    """Whether the process has cancelled the request; apps can raise `CancelledError` themselves."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
