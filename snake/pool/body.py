"""RequestBody: the body of one request, between the worker and the app's `receive`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from snake.pool.frames import BODY, END, LEFT, NEED, FrameError, frame
from snake.pool.request_head import ASKED_BODY, NO_BODY
from snake.transport.asgi import Message

if TYPE_CHECKING:
    from snake.pool.connection import Connection

HIGH_WATER = 65_536
"""Bytes of a body that wait for the app, above which no more are read."""

_NEED = frame(NEED)


class RequestBody:
    """Keeps what has come of a body, and is asked for it by the app."""

    __slots__ = ("_asks", "_connection", "_news", "_over", "_pieces", "_size", "_told", "complete")

    def __init__(self, connection: Connection, body: int) -> None:
        self._connection = connection
        self._asks = body == ASKED_BODY
        self._pieces: list[bytes] = []
        self._size = 0
        self._told = False
        """Whether the app has had all of it."""
        self._over = False
        """Whether nothing is left to wait for: the client is gone, or has its response."""
        self._news: asyncio.Event | None = None
        self.complete = body == NO_BODY
        """Whether the last of it came in."""

    def take(self, kind: int, piece: bytes, left: int) -> None:
        """Take a part of it. Raises `FrameError` for what is none."""
        if kind == LEFT:
            self.close()
            return
        if self.complete or kind not in (BODY, END):
            raise FrameError("a request goes on with something else")
        self.complete = kind == END and not left
        if piece and not self._over:
            self._pieces.append(piece)
            self._size += len(piece)
            if self._size > HIGH_WATER and not self.complete:
                self._connection.pause_reading()
        self._wake()

    def close(self) -> None:
        """Let the app wait for nothing more than what has come."""
        self._over = True
        self._connection.resume_reading()
        self._wake()

    async def receive(self) -> Message:
        """Return the next piece, or `http.disconnect`: ASGI's `receive`."""
        while not self._told:
            if self._pieces or self.complete:
                return self._piece()
            if self._over:
                break
            self._ask()
            await self._wait()
        if not self._over:
            self._asks = True
        while not self._over:
            self._ask()
            await self._wait()
        return {"type": "http.disconnect"}

    def _ask(self) -> None:
        """Tell the worker that the app waits, if it does nothing before that."""
        if self._asks:
            self._asks = False
            self._connection.write(_NEED)

    def _piece(self) -> Message:
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._size = 0
        self._told = self.complete
        self._connection.resume_reading()
        return {"type": "http.request", "body": data, "more_body": not self.complete}

    async def _wait(self) -> None:
        if self._news is None:
            self._news = asyncio.Event()
        self._news.clear()
        await self._news.wait()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()
