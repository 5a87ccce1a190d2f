"""Serving: what all connections of a process of a pool share, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from snake.transport.asgi import ASGIApp
from snake.transport.start import starter

if TYPE_CHECKING:
    from snake.pool.connection import Connection

log = logging.getLogger("snake.python")

State = dict[str, Any]

_LINGER = 5.0
"""Seconds that WebSockets go on where requests may run for ever; as those of workers."""
_GOODBYE = 1.0
"""Seconds that they have to end before they are cut off."""
_LONGEST_GOODBYE = 5.0
"""Seconds that apps have to end when they are cancelled."""


class Serving:
    """An app, and the requests that it is answering. It belongs to the loop that it is made in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.start = starter(asyncio.get_running_loop())
        self.state: State | None = None
        """What the app's lifespan has left; `None` without one."""
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        """The runs of the app that are not over: also those that go on after their response."""
        self.draining = False
        self.served = 0
        """Requests that were begun."""
        self.on_answer: Callable[[], None] | None = None
        self._closed = asyncio.Event()

    def forget(self, connection: Connection) -> None:
        """Note that a connection is closed."""
        self.connections.discard(connection)
        self._closed.set()

    async def drain(self, grace: float | None) -> None:
        """Ask for no more requests, and let what is being answered finish.

        Every connection is closed by its worker, when that has nothing more to wait for. After
        `grace` seconds (`None`: never) what is left is cut off. WebSockets are told to end a
        moment before that, or after a while if it never comes. Returns when nothing is left
        but apps that do not let themselves be cancelled.
        """
        self.draining = True
        for connection in list(self.connections):
            connection.go_away()
        patience = _LINGER if grace is None else max(grace - _GOODBYE, 0)
        timer = asyncio.get_running_loop().call_later(patience, self._end_websockets)
        try:
            async with asyncio.timeout(grace):
                await self._finished()
        except TimeoutError:
            for connection in list(self.connections):
                connection.abort()
            for task in list(self.tasks):
                task.cancel()
            await self._finished(_LONGEST_GOODBYE)
            if self.tasks:
                log.warning("%d requests do not let themselves be cancelled", len(self.tasks))
        finally:
            timer.cancel()

    def _end_websockets(self) -> None:
        for connection in list(self.connections):
            connection.end_websocket()

    async def _finished(self, patience: float | None = None) -> None:
        while self.connections:
            self._closed.clear()
            await self._closed.wait()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=patience)
