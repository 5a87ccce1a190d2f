"""HTTPExchange: one HTTP request and its response, as the app sees them: `receive` and `send`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from snake.pool.frames import (
    BODY,
    END,
    HAS_TRAILERS,
    INTERIM,
    NEED,
    START,
    TRAILERS,
    frame,
    join,
    start,
)
from snake.pool.request_head import ASKED_BODY, NO_BODY
from snake.transport.asgi import AppError, ClientDisconnectedError, Message, ResponseStartedError

if TYPE_CHECKING:
    from snake.pool.connection import Connection

NEW, HELD, STREAMING, TRAILING, DONE = range(5)

HIGH_WATER = 65_536
"""Bytes of a body that wait for the app, above which no more are read."""
_FILE_PIECE = 262_144
_EARLY_HINTS = 103


class HTTPExchange:
    """What `receive` and `send` are of one request."""

    def __init__(self, connection: Connection, body: int) -> None:
        self._connection = connection
        self._asked = body != ASKED_BODY
        self._ended = body == NO_BODY
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._told = False
        self._news: asyncio.Event | None = None
        self._start = b""
        self._trails = False
        self.gone = False
        self.state = NEW

    # From the worker ---------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether nothing of this request is still to come, either way."""
        return self.state == DONE and self._ended

    def feed(self, piece: bytes, *, last: bool) -> None:
        """Take a part of the body."""
        if self.state != DONE and piece:
            self._pieces.append(piece)
            self._waiting += len(piece)
            if self._waiting > HIGH_WATER and not last:
                self._connection.pause_reading()
        self._ended = self._ended or last
        self._wake()

    def drop(self) -> None:
        """The client is gone."""
        self.gone = True
        self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()

    # For the app --------------------------------------------------------------

    async def receive(self) -> Message:
        """Return the next piece of the body, or `http.disconnect`."""
        if not self._asked:
            self._asked = True
            self._connection.write(frame(NEED))
        while not self._told:
            if self._pieces or self._ended:
                return self._piece()
            if self.gone or self.state == DONE:
                break
            await self._wait()
        while not (self.gone or self.state == DONE):
            await self._wait()
        return {"type": "http.disconnect"}

    def _piece(self) -> Message:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        self._told = self._ended
        self._connection.resume_reading()
        return {"type": "http.request", "body": data, "more_body": not self._ended}

    async def _wait(self) -> None:
        if self._news is None:
            self._news = asyncio.Event()
        self._news.clear()
        await self._news.wait()

    async def send(self, message: Message) -> None:
        """Take a part of the response. Raises `ClientDisconnectedError` when nobody wants it."""
        if self.gone:
            raise ClientDisconnectedError("the client is gone")
        match message["type"]:
            case "http.response.start":
                self._begin(message)
            case "http.response.body":
                self._send_body(message.get("body", b""), more=message.get("more_body", False))
            case "http.response.trailers":
                self._send_trailers(message)
            case "http.response.pathsend":
                await self._send_file(Path(message["path"]))
            case "http.response.early_hint":
                links = [(b"link", bytes(link)) for link in message["links"]]
                self._connection.write(start(INTERIM, _EARLY_HINTS, links))
            case other:
                raise AppError(f"{other!r} is no message of a response")
        if self.state == STREAMING:
            await self._connection.drained()

    def _begin(self, message: Message) -> None:
        if self.state != NEW:
            raise ResponseStartedError("the response was started already")
        self._trails = bool(message.get("trailers"))
        flags = HAS_TRAILERS if self._trails else 0
        self._start = start(START, message["status"], message.get("headers") or (), flags)
        self.state = HELD

    def _send_body(self, data: bytes, *, more: bool) -> None:
        if self.state not in (HELD, STREAMING):
            when = "before the start" if self.state == NEW else "after the end"
            raise AppError(f"http.response.body {when}")
        ends = not (more or self._trails)
        begun, self._start = self._start, b""
        self._connection.write(begun + frame(END if ends else BODY, data))
        if more:
            self.state = STREAMING
        elif self._trails:
            self.state = TRAILING
        else:
            self._finish()

    def _send_trailers(self, message: Message) -> None:
        if self.state != TRAILING:
            raise AppError("http.response.trailers before the end of the body")
        if not message.get("more_trailers"):
            self._connection.write(frame(TRAILERS, join(message.get("headers") or ())))
            self._finish()

    async def _send_file(self, path: Path) -> None:
        """Send a file (ASGI's `http.response.pathsend`).

        It is read here: this process may read what the worker may not, and the other way round.
        """
        if self.state != HELD:
            raise AppError("http.response.pathsend without a start before it")
        loop = asyncio.get_running_loop()
        with path.open("rb") as file:
            while piece := await loop.run_in_executor(None, file.read, _FILE_PIECE):
                self._send_body(piece, more=True)
                await self._connection.drained()
                if self.gone:
                    raise ClientDisconnectedError("the client is gone")
        self._send_body(b"", more=False)

    def _finish(self) -> None:
        self.state = DONE
        self._wake()
        self._connection.answered(self)
