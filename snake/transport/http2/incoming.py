"""IncomingBody: what the app receives of a request over HTTP/2.

The client may send what the app has taken, and no more: a window is opened again by `receive`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from snake.transport.asgi import Message
from snake.transport.fields import Field
from snake.transport.limits import Limits, Pace
from snake.transport.running import DONE, NEW, Running

if TYPE_CHECKING:
    from snake.transport.http2.requests import Requests

CONTINUE = 100


class IncomingBody(Running):
    """The request's half of a stream."""

    __slots__ = ("_asked", "_news", "_pieces", "_starving", "began", "complete", "connection",
                 "expects", "given", "gone", "limits", "number", "pace", "received", "since",
                 "state", "trailers")  # fmt: skip

    def __init__(self, connection: Requests) -> None:
        self.connection = connection
        self.number = 0
        self.state = NEW
        self.gone = False
        """Whether the client can be told nothing more."""
        self.expects = False
        """Whether the client still waits for a `100 Continue`."""
        self.began = self.since = connection.serving.clock.now
        self.complete = False
        """Whether the last byte of the body came in."""
        self.trailers: list[Field] = []
        """The fields after the request's body; complete when all of it was received."""
        self.received = 0
        """Bytes of the body that came."""
        self.given = 0
        """Bytes of it that the app was given."""
        self.limits: tuple[Limits, ...] = ()
        """How slow the client may be; nothing where the server's own limits hold alone."""
        self.pace: Pace | None = None
        self._asked = False
        self._pieces: deque[tuple[bytes, bool]] | None = None
        self._starving = False
        self._news: asyncio.Event | None = None

    # receive --------------------------------------------------------------------

    async def receive(self) -> Message:
        """Return the next piece of the body, or `http.disconnect` when nobody is left to answer."""
        if not self._asked:
            while not (self._pieces or self.complete or self._is_over()):
                await self._starve()
            if self._pieces or self.complete:
                return self._take()
        while not self._is_over():
            await self._wait()
        return {"type": "http.disconnect"}

    def _take(self) -> Message:
        """Hand over all that waits, and let the client send as much again."""
        data = b""
        if self._pieces:
            pieces = [piece for piece, _ in self._pieces]
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            self.given += len(data)
            self._release()
        self._asked = self.complete
        return {"type": "http.request", "body": data, "more_body": not self.complete}

    def _release(self) -> None:
        if self._pieces:
            release = self.connection.release
            for piece, counted in self._pieces:
                release(self.number, len(piece), counted=counted)
            self._pieces.clear()

    def _is_over(self) -> bool:
        return self.gone or self.state == DONE

    async def _starve(self) -> None:
        """Wait for more of the body."""
        if self.expects:
            await self.inform(CONTINUE, ())
        self.since = self.connection.serving.clock.now
        self._starving = True
        try:
            await self._wait()
        finally:
            self._starving = False

    async def _wait(self) -> None:
        if self._news is None:
            self._news = asyncio.Event()
        self._news.clear()
        await self._news.wait()

    def _notify(self) -> None:
        if self._news is not None:
            self._news.set()

    # What the connection calls ----------------------------------------------------

    def feed(self, data: bytes, *, counted: bool, end: bool) -> None:
        """Take a part of the body. `counted` parts count against the number of small frames."""
        self.complete = self.complete or end
        self.since = self.connection.serving.clock.now
        self.received += len(data)
        self.expects = False
        if self._is_over():
            self.connection.release(self.number, len(data), counted=counted)
            return
        if data:
            if self._pieces is None:
                self._pieces = deque()
            self._pieces.append((data, counted))
        self._notify()

    def finish_body(self, trailers: list[Field]) -> None:
        """Take the end of the body."""
        self.trailers = trailers
        self.complete = True
        self._notify()

    def sends_too_slowly(self, now: float, tick: float) -> bool:
        """Whether the body that the app waits for does not come."""
        if self.complete or not self._starving:
            return False
        pace = self.pace = self.pace or Pace()
        pace.sent = self.received
        pace.sending += tick
        heard = max(self.since, self.connection.silence.since)
        limits = self.limits or self.connection.serving.limits
        return any(each.send_too_slowly(now - heard, pace) for each in limits)

    async def inform(self, status: int, headers: Sequence[Field]) -> None:
        """Send an interim response."""
        raise NotImplementedError
