"""HTTPExchange: one HTTP request and its response, as the app sees them: `receive` and `send`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from snake.pool.body import RequestBody
from snake.pool.frames import (
    BODY,
    END,
    HAS_TRAILERS,
    INTERIM,
    START,
    TRAILERS,
    Field,
    frame,
    join,
    prefix,
    start,
)
from snake.transport.asgi import (
    WAITED,
    AppError,
    ClientDisconnectedError,
    Message,
    ResponseStartedError,
    Scope,
)
from snake.transport.framing import BODILESS, response_head, trailer_lines
from snake.transport.framing import TRAILERS as MAY_TRAIL

if TYPE_CHECKING:
    from snake.pool.connection import Connection

NEW, HELD, STREAMING, TRAILING, DONE = range(5)

_JOINED = 65_536
"""Bytes up to which frame and body are copied into one; longer ones are written one by one."""
_FILE_PIECE = 262_144
_EARLY_HINTS = 103


class HTTPExchange:
    """What `receive` and `send` are of one request.

    What the app sends is checked here as the transport of the worker checks it: an app that does
    something wrong is told at once, where it does so.
    """

    __slots__ = (
        "_connection",
        "_fields",
        "_left",
        "_status",
        "_trails",
        "_unchecked",
        "body",
        "gone",
        "receive",
        "scope",
        "state",
    )

    def __init__(self, connection: Connection, scope: Scope, body: int) -> None:
        self._connection = connection
        self.scope = scope
        self.body = RequestBody(connection, body)
        self.receive = self.body.receive
        self._status = 0
        self._fields: list[Field] = []
        self._left: int | None = None
        self._unchecked = scope["method"] == "HEAD"
        self._trails = False
        self.gone = False
        """Whether nothing that is sent will arrive."""
        self.state = NEW

    # From the worker ---------------------------------------------------------

    @property
    def is_answered(self) -> bool:
        """Whether the response is out."""
        return self.state == DONE

    @property
    def is_awaited(self) -> bool:
        """Whether the worker waits for more."""
        return not (self.is_answered or self.gone)

    @property
    def is_over(self) -> bool:
        """Whether nothing of this request is still to come, either way."""
        return self.state == DONE and self.body.complete

    def take(self, kind: int, piece: bytes, left: int) -> None:
        """Take a frame of the request, or a part of one."""
        self.body.take(kind, piece, left)

    def drop(self) -> None:
        """The client is gone."""
        self.gone = True
        self.body.close()

    # For the app --------------------------------------------------------------

    async def send(self, message: Message) -> None:
        """Take a part of the response.

        Raises `AppError`, `ValueError` or `TypeError` for what is no response, and
        `ClientDisconnectedError` when the client is gone.
        """
        if self.gone:
            raise ClientDisconnectedError("the client is gone")
        kind = message["type"]
        if kind == "http.response.start":
            self._begin(message)
            return
        try:
            if kind == "http.response.body":
                self._send_body(message.get("body", b""), message.get("more_body", False))
            else:
                await self._send_other(kind, message)
        except Exception:
            if self.state == HELD:  # nothing is out: an error page can take its place
                self.state = NEW
            raise
        if self.state == STREAMING:
            await self._connection.give_way()

    async def _send_other(self, kind: str, message: Message) -> None:
        if kind == "http.response.trailers":
            self._send_trailers(message)
        elif kind == "http.response.pathsend":
            await self._send_file(Path(message["path"]))
        elif kind == "http.response.early_hint":
            self._inform(message)
        else:
            raise AppError(f"{kind!r} is no message of a response")

    def _begin(self, message: Message) -> None:
        if self.state != NEW:
            raise ResponseStartedError("the response was started already")
        fields = list(message.get("headers") or ())
        _, self._left, flags = response_head({**message, "headers": fields})
        self._unchecked = self._unchecked or bool(flags & BODILESS)
        self._trails = bool(flags & MAY_TRAIL)
        self._status = message["status"]
        self._fields = fields
        self.state = HELD

    def _send_body(self, data: bytes, more: bool) -> None:  # noqa: FBT001
        state = self.state
        if state != HELD and state != STREAMING:  # noqa: PLR1714
            when = "before the start" if state == NEW else "after the end"
            raise AppError(f"http.response.body {when}")
        left = self._left
        if left is not None and not self._unchecked:
            left -= len(data)
            if left < 0 or (left and not more):
                how = f"{-left} bytes more than" if left < 0 else f"{left} bytes less than"
                raise AppError(f"the body has {how} its Content-Length says")
            self._left = left
        kind = BODY if more or self._trails else END
        begun = self._start() if state == HELD else b""
        if len(data) <= _JOINED:
            self._connection.write(begun + frame(kind, data))
        else:
            self._connection.write(begun + prefix(kind, len(data)))
            self._connection.write(data)
        if more:
            self.state = STREAMING
        elif self._trails:
            self.state = TRAILING
        else:
            self._finish()

    def _start(self) -> bytes:
        """Return the frame of the start, which waits for the first part of the body."""
        flags = HAS_TRAILERS if self._trails else 0
        return start(START, self._status, self._fields, flags, self.scope.get(WAITED, 0.0))

    def _send_trailers(self, message: Message) -> None:
        """Send the fields after the body, if they were announced and there can be any."""
        if self.state == TRAILING and not message.get("more_trailers"):
            fields = list(message.get("headers") or ())
            trailer_lines(fields)
            self._connection.write(frame(TRAILERS, join(fields)))
            self._finish()

    def _inform(self, message: Message) -> None:
        """Send links ahead of the response (ASGI's `http.response.early_hint`)."""
        links = [(b"link", link) for link in message["links"]]
        trailer_lines(links)
        if self.state in (NEW, HELD):
            self._connection.write(start(INTERIM, _EARLY_HINTS, links))

    async def _send_file(self, path: Path) -> None:
        """Send a file (ASGI's `http.response.pathsend`).

        It is read here: this process may read what the worker may not, and the other way round.
        """
        if self.state != HELD:
            raise AppError("http.response.pathsend after a part of the body")
        loop = asyncio.get_running_loop()
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if self._left is None and not self._trails:
                self._left = size
                self._fields.append((b"content-length", b"%d" % size))
            left = 0 if self._unchecked else self._left or 0
            if left > size:
                raise AppError(f"{path} is not as long as its Content-Length")
            while left:
                piece = await loop.run_in_executor(None, file.read, min(_FILE_PIECE, left))
                if self.gone:
                    raise ClientDisconnectedError("the client is gone")
                left -= len(piece)
                self._send_body(piece, more=left > 0)
                await self._connection.give_way()
            if self.state != DONE:
                self._send_body(b"", more=False)

    def _finish(self) -> None:
        self.state = DONE
        self.body.close()
        self._connection.answered()
