"""WSGI: runs an app in threads and sends what it answers (PEP 3333).

The words are a2wsgi's (`wsgi_typing`). Its responder crosses between thread and
loop twice for each chunk and lets the whole pool compete for the interpreter's
lock; this one crosses once for a small response, and its pool is elastic.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from snake.app.deadline import OVERDUE, QueuedError
from snake.app.environ import Environ, base_environ, build_environ
from snake.app.exchange import Exchange, Outbox
from snake.app.failure import FailedError
from snake.app.filewrapper import FileWrapper
from snake.app.input import Body, has_no_body, is_short, is_unasked, read_short, stream
from snake.app.stack import app_frames, place, written
from snake.app.stream import Stream
from snake.app.threads import Threads
from snake.transport.asgi import (
    HALF_CLOSE,
    WAITED,
    AbortError,
    AppError,
    Message,
    Receive,
    Scope,
    Send,
)

if TYPE_CHECKING:
    from a2wsgi.wsgi_typing import WSGIApp

log = logging.getLogger("snake.python")

PATHSEND = "http.response.pathsend"
"""https://asgi.readthedocs.io/en/latest/extensions.html#path-send"""


class WSGIRunner:
    """One WSGI app as an ASGI app. It belongs to the loop that it is made in."""

    def __init__(self, name: str, app: WSGIApp, threads: Threads, *, multiprocess: bool) -> None:
        self._app = app
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(self._loop, threads, name)
        self._base = base_environ(multiprocess=multiprocess)
        self._base["wsgi.file_wrapper"] = FileWrapper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; say in its scope how long it waited.

        Raises `FailedError` when the app fails.
        """
        environ = build_environ(self._base, scope)
        body = await self._open_input(environ, scope, receive)
        exchange = Exchange(self._app, environ, self._outbox, self._loop.create_future())
        exchange.sends_files = PATHSEND in (scope.get("extensions") or ())
        self._threads.submit(exchange.run)
        try:
            await exchange.wait()
            scope[WAITED] = exchange.waited
            if not exchange.complete:
                await self._send_stream(exchange, scope, (receive, send), body)
            elif exchange.failure is None:
                await self._send_whole(exchange, send)
        except (AppError, ValueError, TypeError) as error:
            exchange.abandon()
            # It was raised by `send`, about what the app said: our frames tell nothing.
            raise FailedError(error.with_traceback(None), started=exchange.started) from None
        except asyncio.CancelledError as error:
            exchange.abandon()
            self._leave(exchange, scope, is_late=error.args == (OVERDUE,))
            raise
        except BaseException:
            exchange.abandon()
            raise
        if exchange.failure is not None:
            raise FailedError(exchange.failure, started=exchange.started)

    def _leave(self, exchange: Exchange, scope: Scope, *, is_late: bool) -> None:
        """Leave a thread to itself whose request is over. Raises `QueuedError` if it had none."""
        if thread := exchange.thread:
            if is_late:
                frames = app_frames(sys._current_frames().get(thread))  # noqa: SLF001 - no other way
                fields = {
                    "app": self._outbox.app,
                    "uri": scope["path"],
                    "in": place(frames),
                    "stacktrace": written(frames),
                }
                log.warning("app is late; its thread goes on", extra={"fields": fields})
            self._threads.lose(thread)
        elif is_late and not exchange.complete:
            raise QueuedError from None

    async def _open_input(self, environ: Environ, scope: Scope, receive: Receive) -> Body | None:
        """Set `wsgi.input`; return it if it is one that arrives while it is read."""
        if has_no_body(environ) or scope["type"] != "http":
            environ["wsgi.input"] = io.BytesIO()
        elif is_short(environ) and is_unasked(environ):
            environ["wsgi.input"] = await read_short(receive)
        else:
            body = Body(self._loop, self._threads, receive)
            if is_unasked(environ):
                await body.begin()
            environ["wsgi.input"] = stream(body)
            return body
        return None

    async def _send_whole(self, exchange: Exchange, send: Send) -> None:
        """Send a response that was complete before the loop had looked at it."""
        if exchange.file is not None:
            await self._send_file(exchange, exchange.file, send)
            return
        body = exchange.body if exchange.stream is None else exchange.stream.take()
        await send(_start(exchange))
        await send(_part(body, more=False))

    async def _send_file(self, exchange: Exchange, path: str, send: Send) -> None:
        """Send a file by its path, then close it in a thread: the app's `close` may block."""
        try:
            await send(_start(exchange))
            await send({"type": PATHSEND, "path": path})
        finally:
            self._threads.submit(exchange.close_file)

    async def _send_stream(
        self,
        exchange: Exchange,
        scope: Scope,
        ends: tuple[Receive, Send],
        body: Body | None,
    ) -> None:
        """Send what the app yields as it yields it, and stop the app when the client goes."""
        stream = exchange.stream
        if stream is None or exchange.failure is not None:
            return
        receive, send = ends
        watch = None
        if body is None or body.ended:
            may_read_on = HALF_CLOSE in (scope.get("extensions") or ())
            leave = stream.leave if may_read_on else exchange.abandon
            watch = self._loop.create_task(_watch(receive, exchange, leave))
        try:
            await _send_parts(exchange, stream, send)
        finally:
            if watch is not None:
                watch.cancel()
        if exchange.gone:
            raise AbortError


async def _send_parts(exchange: Exchange, stream: Stream, send: Send) -> None:
    """Send the response from its first byte on; before that its start may still change."""
    while not exchange.gone and exchange.failure is None:
        complete = exchange.complete
        if (data := stream.take()) or complete:
            if not exchange.started:
                await send(_start(exchange))
            await send(_part(data, more=not complete))
            exchange.started = True
            stream.sent(len(data))
        if complete:
            return
        await exchange.wait()


async def _watch(receive: Receive, exchange: Exchange, leave: Callable[[], None]) -> None:
    """Wait until the client is gone, or has only closed its side; stop the app at its next chunk.

    If the client may still read, that is the next chunk with nothing in it.
    """
    while (await receive())["type"] == "http.request":
        pass
    leave()
    exchange.wake()


def _start(exchange: Exchange) -> Message:
    return {
        "type": "http.response.start",
        "status": exchange.status,
        "headers": exchange.headers or [],
    }


def _part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
