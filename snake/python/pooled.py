"""Pooled: the handler of an app that runs in processes of its own."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import NoReturn

import msgspec

from snake.app.environ import URI
from snake.http.errors import AbortError, HandlerError
from snake.http.handler import Next, Scope, Send
from snake.http.request import Request
from snake.logs.encoders import STACK
from snake.metrics.apps import BUSY, POOL_WAIT, REJECTED
from snake.metrics.shared import Numbers
from snake.pool import request_head
from snake.pool.frames import FrameError
from snake.pool.request_head import NO_BODY
from snake.python.asgi import with_prefix
from snake.python.hop import HopConnection, HopError, UnreadError
from snake.python.pool_process import PoolProcess
from snake.python.pooled_request import AppFailedError, PooledRequest, body_of
from snake.python.pooled_websocket import PooledWebSocket
from snake.python.wsgi import original_uri
from snake.transport.asgi import APP, AppError, ClientDisconnectedError

log = logging.getLogger("snake.python")

_BAD_GATEWAY = 502
_TRIES = 3
"""How often a request is handed over that no process has read."""

_encode = msgspec.json.Encoder().encode


class PooledHandler:
    """Hands requests to the process of a pool that has the fewest from this worker."""

    def __init__(self, name: str, processes: list[PoolProcess]) -> None:
        self._name = name
        self._processes = processes
        self._turn = 0
        self.numbers: Numbers = [0.0] * POOL_WAIT.end
        """What is counted of the pool; for nobody until someone gives the pool's."""

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Answer one request. Raises `HandlerError` when the app fails."""
        del next
        request.scope[APP] = self._name
        scope = _scope_for(request)
        body = NO_BODY if scope["type"] == "websocket" else body_of(scope)
        tries = _TRIES if body == NO_BODY else 1
        try:
            head = request_head.write(scope, body, _encode)
            while await self._hand_over(request, send, head, body, last=tries == 1):
                tries -= 1
        except AppFailedError as failed:
            self._fail(request, failed)
        except (HopError, ValueError) as error:
            self._fail(request, AppFailedError(str(error), status=_BAD_GATEWAY))

    async def _hand_over(
        self, request: Request, send: Send, head: bytes, body: int, *, last: bool
    ) -> bool:
        """Have a process answer; return whether another has to, as this one died before.

        Raises `AppFailedError`, `HopError` and `AbortError`.
        """
        process = self._choose()
        process.busy += 1
        numbers = self.numbers
        numbers[BUSY] += 1
        exchange: PooledWebSocket | PooledRequest | None = None
        began, wait = perf_counter(), -1.0
        try:
            connection = process.idle() or await self._connected(process)
            if request.scope["type"] == "websocket":
                exchange = PooledWebSocket(request, connection)
            else:
                exchange = PooledRequest(request, connection, body)
            connection.begin(head)
            if not connection.is_welcome:
                await self._taken(process, connection)
            wait = perf_counter() - began
            await exchange.run(send)
        except UnreadError:
            if last:
                raise
            return True
        except ClientDisconnectedError:
            raise AbortError from None
        except (AppError, ValueError, TypeError, FrameError) as error:
            raise AppFailedError(
                f"the app sent no valid response: {error}",
                status=_BAD_GATEWAY,
                started=exchange is not None and exchange.started,
            ) from None
        finally:
            process.busy -= 1
            numbers[BUSY] -= 1
            if exchange is not None:
                exchange.end()
            if wait >= 0:
                POOL_WAIT.observe(
                    numbers, wait + (exchange.waited if exchange is not None else 0.0)
                )
        return False

    async def _connected(self, process: PoolProcess) -> HopConnection:
        try:
            return await process.connect()
        except HopError:
            self.numbers[REJECTED] += 1
            raise

    async def _taken(self, process: PoolProcess, connection: HopConnection) -> None:
        try:
            await process.take(connection)
        except UnreadError:
            raise
        except HopError:
            self.numbers[REJECTED] += 1
            raise

    def _choose(self) -> PoolProcess:
        """Return the process with the fewest requests, in turn among equals.

        One that is known to be dead has its turn when all others are as well.
        """
        processes = self._processes
        if len(processes) == 1:
            return processes[0]
        self._turn = turn = (self._turn + 1) % len(processes)
        best = processes[turn]
        for process in processes:
            if (not process.is_up, process.busy) < (not best.is_up, best.busy):
                best = process
        return best

    def _fail(self, request: Request, failed: AppFailedError) -> NoReturn:
        """Log that the app failed, and raise what ends the request."""
        failure = HandlerError(failed.status, str(failed))
        failure.place = failed.place
        failure.logged = True
        fields = {
            "app": self._name,
            "method": request.method,
            "uri": request.uri,
            "error": failure.message,
            "err_id": failure.id,
            "err_trace": failure.place,
        }
        if failed.trace:
            fields[STACK] = failed.trace
        log.error("app failed", extra={"fields": fields})
        if failed.started:
            raise AbortError
        raise failure


def _scope_for(request: Request) -> Scope:
    scope = request.scope
    if request.prefix:
        scope = with_prefix(scope, request.prefix)
    if request.original is not None:
        scope = {**scope, URI: original_uri(request)}
    return scope
