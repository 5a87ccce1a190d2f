"""Pooled: the handler of an app that runs in processes of its own."""

from __future__ import annotations

import logging
from typing import NoReturn

import msgspec

from snake.app.environ import URI
from snake.http.errors import AbortError, HandlerError
from snake.http.handler import Next, Scope, Send
from snake.http.request import Request
from snake.logs.encoders import STACK
from snake.pool import frames, request_head
from snake.pool.request_head import NO_BODY
from snake.python.asgi import with_prefix
from snake.python.hop import HopError, PoolProcess
from snake.python.pooled_request import AppFailedError, PooledRequest, body_of
from snake.python.pooled_websocket import PooledWebSocket
from snake.python.wsgi import original_uri
from snake.transport.asgi import APP, AppError, ClientDisconnectedError

log = logging.getLogger("snake.python")

_BAD_GATEWAY = 502
_encode = msgspec.json.Encoder().encode


class PooledHandler:
    """Hands requests to the process of a pool that has the fewest from this worker."""

    def __init__(self, name: str, processes: list[PoolProcess]) -> None:
        self._name = name
        self._processes = processes
        self._turn = 0

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Answer one request. Raises `HandlerError` when the app fails."""
        del next
        request.scope[APP] = self._name
        process = self._choose()
        process.busy += 1
        try:
            await self._hand_over(process, request, send)
        except AppFailedError as failed:
            self._fail(request, failed)
        except HopError as error:
            self._fail(request, AppFailedError(str(error), status=_BAD_GATEWAY))
        finally:
            process.busy -= 1

    def _choose(self) -> PoolProcess:
        """Return the process with the fewest requests, in turn among equals."""
        processes = self._processes
        if len(processes) == 1:
            return processes[0]
        self._turn = turn = (self._turn + 1) % len(processes)
        best = processes[turn]
        for process in processes:
            if process.busy < best.busy:
                best = process
        return best

    async def _hand_over(self, process: PoolProcess, request: Request, send: Send) -> None:
        scope = _scope_for(request)
        is_websocket = scope["type"] == "websocket"
        body = NO_BODY if is_websocket else body_of(scope)
        head = frames.frame(frames.HEAD, request_head.write(scope, body, _encode))
        connection = await process.take()
        exchange: PooledWebSocket | PooledRequest
        if is_websocket:
            exchange = PooledWebSocket(request, connection)
        else:
            exchange = PooledRequest(request, connection, body)
        try:
            connection.begin(head)
            await exchange.run(send)
        except ClientDisconnectedError:
            raise AbortError from None
        except (AppError, ValueError, TypeError, frames.FrameError) as error:
            message = f"the app sent no valid response: {error}"
            raise AppFailedError(message, status=_BAD_GATEWAY, started=exchange.started) from None
        finally:
            exchange.end()

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
