"""Deadline: how long an app may make no progress with a request (`request_timeout`).

The clock runs while the server waits for the app: until it begins its response, and from each
part of it to the next. It stands still while the app waits for more of the request's body, or for
its client to take what it was sent, and starts anew after that. It stops when a WebSocket is
accepted, or the response is an event stream: they may be silent for as long as they like.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from types import FrameType
from typing import Any

from snake.app.stack import awaiting, place, written
from snake.transport.asgi import (
    AbortError,
    ASGIApp,
    ClientDisconnectedError,
    Message,
    Receive,
    Scope,
    Send,
)

log = logging.getLogger("snake.python")

OVERDUE = "request_timeout"
"""The message with which a task is cancelled that is too late."""
_GOODBYE = 0.1
"""Seconds in which it can end, and say what it has to say of that."""
_FREE = frozenset({"websocket.accept", "websocket.close", "websocket.http.response.start"})
_EVENTS = b"text/event-stream"


class OverdueError(Exception):
    """An app made no progress in time."""


class QueuedError(OverdueError):
    """An app was not called in time: all its threads were busy."""


class Deadline:
    """That of one request; `receive` and `send` are what the app is given."""

    def __init__(self, seconds: float, receive: Receive, send: Send, app: str, uri: str) -> None:
        self._about = {"app": app, "uri": uri}
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._receive = receive
        self._send = send
        self._waits = 0
        """In how many calls the app waits for its client."""
        self._has_body = False
        self._free = False
        self._late: asyncio.Future[None] = self._loop.create_future()
        self._touch()
        self._timer = self._loop.call_later(seconds, self._check)

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work; raise what it raises, and `OverdueError` when it is late.

        It is cancelled then, and not awaited if it does not let itself be cancelled.
        """
        task = self._loop.create_task(work)
        try:
            await asyncio.wait((task, self._late), return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            task.cancel()
            await asyncio.wait((task,))
            raise
        finally:
            self._timer.cancel()
        if self._late.done() and not task.done():
            self._tell(awaiting(task))
            task.cancel(OVERDUE)
            task.add_done_callback(_forget)
            await asyncio.wait((task,), timeout=_GOODBYE)
            if task.done() and not task.cancelled() and isinstance(task.exception(), QueuedError):
                raise QueuedError
            if not task.done():
                _LEFT.add(task)
            raise OverdueError
        task.result()

    async def receive(self) -> Message:
        """Return what the client sends; that it is gone, if the app is late."""
        if self._late.done():
            return {"type": "http.disconnect"}
        if self._has_body:  # an app that waits for its client to leave makes no progress
            return await self._receive()
        self._waits += 1
        try:
            message = await self._receive()
        finally:
            self._waits -= 1
            self._touch()
        self._has_body = message["type"] == "http.request" and not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the response. Raises `ClientDisconnectedError` if the app is late."""
        if self._late.done():
            raise ClientDisconnectedError("it is too late for a response (request_timeout)")
        kind = message["type"]
        if kind in _FREE or (kind == "http.response.start" and _streams_events(message)):
            self._free = True
        self._waits += 1
        try:
            await self._send(message)
        finally:
            self._waits -= 1
            self._touch()

    def _tell(self, frames: list[tuple[FrameType, int]]) -> None:
        """Log where the app waits; if it runs in a thread, whoever runs it does."""
        if frames:
            fields = {**self._about, "in": place(frames), "stacktrace": written(frames)}
            log.warning("app is late; its task is cancelled", extra={"fields": fields})

    def _touch(self) -> None:
        self._due = self._loop.time() + self._seconds

    def _check(self) -> None:
        """See whether it is late; not at every step, but when it could be."""
        if self._free or self._late.done():
            return
        if self._waits:
            self._touch()
        if self._due > self._loop.time():
            self._timer = self._loop.call_at(self._due, self._check)
        else:
            self._late.set_result(None)


class TimeLimit:
    """An app whose requests have a deadline: what is late is cancelled, and ends like an abort."""

    def __init__(self, name: str, app: ASGIApp, seconds: float) -> None:
        self._name = name
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app. Raises `AbortError` when it is late."""
        deadline = Deadline(self._seconds, receive, send, self._name, scope["path"])
        try:
            await deadline.run(_call(self._app, scope, deadline))
        except OverdueError:
            raise AbortError from None


async def _call(app: ASGIApp, scope: Scope, deadline: Deadline) -> None:
    await app(scope, deadline.receive, deadline.send)


_LEFT: set[asyncio.Task[None]] = set()
"""Tasks that nobody waits for any more."""


def _forget(task: asyncio.Task[None]) -> None:
    _LEFT.discard(task)
    if not task.cancelled():
        task.exception()  # it is nobody's any more


def _streams_events(start: Message) -> bool:
    for name, value in start.get("headers") or ():
        if name.lower() == b"content-type":
            return bytes(value).lower().startswith(_EVENTS)
    return False
