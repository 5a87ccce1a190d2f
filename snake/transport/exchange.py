"""Exchange: one request and its response, as the app sees them: ASGI's `receive` and `send`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from snake.transport.asgi import (
    NO_START,
    AppError,
    ClientDisconnectedError,
    Message,
    ResponseStartedError,
)
from snake.transport.body import RequestBody
from snake.transport.client import HTTP1Client
from snake.transport.framing import (
    BODILESS,
    CHUNKED,
    CLOSE,
    DATED,
    INTERNAL_ERROR,
    LENGTH_LINES,
    NAMED,
    SNIFFED,
    TRAILERS,
    chunk,
    response_head,
    trailer_lines,
)
from snake.transport.running import DONE, HELD, NEW, STREAMING, TRAILING
from snake.transport.sendfile import FileResponse, send_file
from snake.transport.sniff import sniff

if TYPE_CHECKING:
    from snake.transport.http1 import Connection

_JOINED = 65_536
"""Bytes up to which head and body are copied into one; longer ones are written one by one."""


class Exchange(HTTP1Client):
    """One request and its response.

    The connection makes it, runs the app with it, and hears from it when the response is out
    (`Connection.answered`). It outlives that: the app may go on, and finds `receive` saying
    `http.disconnect`.
    """

    __slots__ = ("_asked", "_chunked", "_flags", "_head", "_left", "_news", "began", "given",
                 "head_only", "keep_alive", "size", "start", "status")  # fmt: skip

    def __init__(
        self,
        connection: Connection,
        http11: bool,  # noqa: FBT001
        keep_alive: bool,  # noqa: FBT001
        head_only: bool,  # noqa: FBT001
    ) -> None:
        super().__init__()
        self.connection = connection
        self.body: RequestBody | None = None
        self.http11 = http11
        self.keep_alive = keep_alive
        """Whether another request may follow on the connection."""
        self.head_only = head_only
        self.began = 0.0
        """When the head was there."""
        self.status = 0
        """That of the response; 0 as long as none was begun: `asgi.Whole`."""
        self.start: Message = NO_START
        """The message that began the response: `asgi.NO_START`."""
        self.size = 0
        """Bytes of the response's body, also of one that the client does not get: to a HEAD."""
        self.given = 0
        """Bytes of the request's body that the app was given."""
        self._asked = False
        self._chunked = False
        self._news: asyncio.Event | None = None

    # receive ------------------------------------------------------------------

    async def receive(self) -> Message:
        """Return the next piece of the body, or `http.disconnect` when nobody is left to answer."""
        body = self.body
        if body is None:
            if not self._asked:
                self._asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
        elif not body.delivered:
            message = await self._next_piece(body)
            if message is not None:
                return message
        while not self._is_over():
            await self._wait()
        return {"type": "http.disconnect"}

    async def _next_piece(self, body: RequestBody) -> Message | None:
        while not (body.size or body.complete):
            if self._is_over():
                return None
            self.connection.body_wanted(self)
            await self._wait()
        data = body.take()
        self.given += len(data)
        body.delivered = body.complete
        self.connection.body_taken()
        return {"type": "http.request", "body": data, "more_body": not body.complete}

    def _is_over(self) -> bool:
        """Whether the app has nothing to wait for.

        A client that closed its side is nearly always gone, and an app that waits for that must
        hear of it at once; so it is for Go and uvicorn. The one that only shut it down (RFC 9112
        §9.6 lets it do so) still gets all that the app sends it.
        """
        return self.gone or self.state == DONE or self.connection.half_closed

    async def _wait(self) -> None:
        if self._news is None:
            self._news = asyncio.Event()
        self._news.clear()
        await self._news.wait()

    def notify(self) -> None:
        """Wake the app where it waits: there is body, or the client is gone."""
        if self._news is not None:
            self._news.set()

    def drop(self) -> None:
        """Let the app know that nothing it sends will arrive."""
        self.gone = True
        self.notify()
        self.leave()

    # send -----------------------------------------------------------------------

    async def send(self, message: Message) -> None:
        """Take a part of the response.

        Raises `AppError`, `ValueError` or `TypeError` for what is no response, and
        `ClientDisconnectedError` when the client is gone.
        """
        if self.gone:
            raise ClientDisconnectedError("the client is gone")
        kind = message["type"]
        state = self.state
        if kind == "http.response.start":
            self._start(message)
            return
        if kind == "http.response.trailers":
            self._send_trailers(message)
            return
        if kind == "http.response.early_hint":
            await self.hint(message)
            return
        if state != HELD and state != STREAMING:  # noqa: PLR1714
            raise AppError(f"{kind} {'before the start' if state == NEW else 'after the end'}")
        try:
            if kind == "http.response.body":
                self._send_body(message.get("body", b""), message.get("more_body", False))
            else:
                await self._send_path(message)
        except Exception:
            if self.state == HELD:  # nothing is out: an error page can take its place
                self.state = NEW
            raise
        if self.state == STREAMING or self.connection.write_paused:
            await self._give_way()

    def _start(self, message: Message) -> None:
        if self.state != NEW and not (self.state == HELD and message.get("replaces")):
            raise ResponseStartedError("the response was started already")
        if "upgrade" in message:
            self._switch(message)
            self.start = message
            self.status = message["status"]
            return
        self._head, self._left, self._flags = response_head(message)
        self.start = message
        self.status = message["status"]
        self.state = HELD

    def whole(self, start: Message, body: bytes) -> bool:
        """Send a whole response if nothing has to be waited for: `asgi.Whole`."""
        if self.state != NEW or self.gone or self.connection.write_paused:
            return False
        self._head, self._left, self._flags = response_head(start)
        self.start = start
        self.status = start["status"]
        self.state = HELD
        try:
            self._send_body(body, more=False)
        except Exception:
            self.state = NEW
            raise
        return True

    __call__ = send

    async def _give_way(self) -> None:
        """Wait while the client has enough, and let others have their turn."""
        connection = self.connection
        if self.state == STREAMING and connection.transport.is_closing():
            raise ClientDisconnectedError("the client is gone")
        if connection.turn_is_over():
            await asyncio.sleep(0)
        if connection.write_paused:
            await connection.drained()

    def _send_body(self, data: bytes, more: bool) -> None:  # noqa: FBT001
        size, left = len(data), self._left
        if left is not None:
            self._left = left = left - size
            if left < 0 or (left and not more):
                self._check_length()
        trails = self._flags & TRAILERS and not (more or self.head_only) and self.http11
        more = bool(more or trails)
        if self.state == HELD:
            data = self._first(data, more)
        elif self.head_only or self._flags & BODILESS:
            data = b""
        elif self._chunked:
            data = chunk(data, more)
        connection = self.connection
        if data:
            connection.sent += len(data)
            connection.transport.write(data)
        self.size += size
        if more:
            self.state = TRAILING if trails else STREAMING
        else:
            self._finish()

    def _send_trailers(self, message: Message) -> None:
        """Send the fields after the body (ASGI's `http.response.trailers`), if there can be any."""
        if self.state == TRAILING and not message.get("more_trailers"):
            lines = trailer_lines(message.get("headers") or ())
            self.connection.write(b"0\r\n" + lines + b"\r\n")
            self._finish()

    def _check_length(self) -> None:
        """Refuse a body that is not as long as its Content-Length, where there is to be a body."""
        if not (self.head_only or self._flags & BODILESS):
            left = self._left or 0
            how = f"{-left} bytes more than" if left < 0 else f"{left} bytes less than"
            raise AppError(f"the body has {how} its Content-Length says")

    def _finish(self) -> None:
        self.state = DONE
        self._leave = None
        if self._news is not None:
            self._news.set()
        self.connection.answered(self)

    def _first(self, data: bytes, more: bool) -> bytes:  # noqa: FBT001
        """Return the head and the first part of the body, or that part if the head is out."""
        size = len(data)
        if self._flags & SNIFFED and size and not (self.head_only or self._flags & BODILESS):
            self._head += b"Content-Type: " + sniff(data) + b"\r\n"
        head = self._whole_head(size, more)
        if self.head_only or self._flags & BODILESS:
            return head
        if self._chunked:
            return head + chunk(data, more)
        if size <= _JOINED:
            return head + data
        memoryview(data)  # or a TypeError, while nothing is out
        self.state = STREAMING
        self.connection.write(head)
        return data

    def _whole_head(self, size: int, more: bool) -> bytes:  # noqa: FBT001
        """Return the head; `size` bytes of the body are there, and maybe more to come."""
        serving = self.connection.serving
        if (
            self.keep_alive
            and self.http11
            and self.body is None
            and not (self._flags or serving.draining)
        ):  # as it mostly is: the rest would add nothing
            if self._left is not None:
                return self._head + serving.clock.stamp
            if size and not more:
                return self._head + LENGTH_LINES[size] + serving.clock.stamp
        return self._head + self._ending(size, more) + self._sequel() + self._stamp()

    def _ending(self, size: int, more: bool) -> bytes:  # noqa: FBT001
        """Return the line that says where the body ends, if the app's own do not."""
        if self._left is not None or self._flags & BODILESS:
            return b""
        if not (more or (self._flags & CHUNKED and self.http11 and not self.head_only)):
            # an empty answer to HEAD tells nothing of the length
            return LENGTH_LINES[size] if size or not self.head_only else b""
        if self.http11:
            self._chunked = True
            return b"Transfer-Encoding: chunked\r\n"
        self.keep_alive = False
        return b""

    def _sequel(self) -> bytes:
        """Return the line that says whether another request may follow."""
        if self._flags & CLOSE or not self.connection.can_go_on(self):
            self.keep_alive = False
        if not self.keep_alive:
            return b"Connection: close\r\n"
        return b"" if self.http11 else b"Connection: keep-alive\r\n"

    def _stamp(self) -> bytes:
        flags = self._flags
        clock = self.connection.serving.clock
        if not flags & (DATED | NAMED):
            return clock.stamp
        return clock.stamp_without(dated=bool(flags & DATED), named=bool(flags & NAMED))

    async def _send_path(self, message: Message) -> None:
        """Answer with a file: ASGI's `http.response.pathsend`.

        Beside its `path`, who has the file open gives its descriptor as `fd`; and the part that
        is meant has `count` bytes from `offset` on.
        """
        if message["type"] != "http.response.pathsend":
            raise AppError(f"{message['type']!r} is no message of a response")
        path = message["path"]
        if self.state != HELD:
            raise AppError("http.response.pathsend after a part of the body")
        with send_file(path, message.get("fd")) as file:
            offset = message.get("offset", 0)
            if self._left is None:
                self._left = message.get("count", file.size - offset)
                self._head += LENGTH_LINES[self._left]
            size = self._left
            if offset + size > file.size:
                raise AppError(f"{path} is not as long as its Content-Length")
            self.connection.write(self._whole_head(size, more=False))
            self.size = size
            self.state = STREAMING
            if not (self.head_only or self._flags & BODILESS):
                await self._send_file(file, size, offset)
        self._finish()

    async def _send_file(self, file: FileResponse, size: int, offset: int) -> None:
        try:
            await file.send(self.connection, size, offset)
        except ConnectionError:
            self._abort()
            raise ClientDisconnectedError("the client is gone") from None

    # The end ----------------------------------------------------------------------

    def _fail(self) -> None:
        if self.state >= STREAMING:
            self._abort()
            return
        self.status = 500
        self.keep_alive = False
        self.connection.write(INTERNAL_ERROR)
        self._finish()

    def _abort(self) -> None:
        """End the connection, if it is still this request's."""
        if self.connection.exchange is self:
            self.connection.abort()
            self.gone = True
