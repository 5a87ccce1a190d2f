"""Stream: one request over HTTP/2 and its response, as the app sees them: `receive` and `send`.

What the app sends goes into the engine as far as the windows and the socket let it. The rest waits
here, and `send` with it: the connection calls `pump` when there is room again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from snake.transport.asgi import (
    NO_START,
    AppError,
    ASGIApp,
    ClientDisconnectedError,
    Message,
    ResponseStartedError,
    Scope,
)
from snake.transport.deadlines import over
from snake.transport.fields import Field, plain_fields, response_fields
from snake.transport.framing import BODILESS, CHUNKED, DATED, NAMED, SNIFFED, TRAILERS
from snake.transport.http2.client import StreamClient
from snake.transport.http2.engine import CANCEL, INTERNAL_ERROR, HeaderMap
from snake.transport.limits import Pace
from snake.transport.running import DONE, HELD, NEW, STREAMING, TRAILING
from snake.transport.sendfile import send_file
from snake.transport.sniff import sniff

if TYPE_CHECKING:
    from snake.transport.http2.requests import Requests

_EARLY_HINTS = 103
_FAILED = HeaderMap([(b"content-length", b"0")])


class Stream(StreamClient):
    """One request and its response."""

    __slots__ = ("_done", "_end", "_fields", "_flags", "_left", "_offset", "_rest",
                 "head_only", "sent", "size", "stalled_since", "start", "status")  # fmt: skip

    def __init__(self, connection: Requests) -> None:
        super().__init__(connection)
        self.head_only = False
        self.status = 0
        """That of the response; 0 as long as none was begun."""
        self.start: Message = NO_START
        """The message that began the response: `asgi.NO_START`."""
        self.size = 0
        """Bytes of the response's body, also of one that the client does not get: to a HEAD."""
        self.sent = 0
        """Bytes of the response's body that the engine took."""
        self.stalled_since = 0.0
        self._rest: bytes | None = None
        self._offset = 0
        self._end = False
        self._done: asyncio.Event | None = None

    # What the connection calls ----------------------------------------------------

    def drop(self) -> None:
        """Let the app know that nothing it sends will arrive."""
        if self.gone:
            return
        self.gone = True
        self._release()
        self._rest = None
        self._notify()
        if self._done is not None:
            self._done.set()
        self.leave()
        self.connection.finished(self)

    def pump(self) -> None:
        """Send of what waits as much as windows and socket let through."""
        connection = self.connection
        data = self._rest
        while data is not None:
            if connection.write_paused:
                connection.pump_later(self)
                return
            verdict = connection.engine.send_data(self.number, data, self._offset, self._end)
            if verdict.stopped is not None:
                self.drop()
                return
            connection.queued(verdict.sent, verdict.flags)
            if verdict.sent:
                self._offset += verdict.sent
                self.sent += verdict.sent
                self.stalled_since = connection.serving.clock.now
            if verdict.done:
                self._rest = data = None
                if self._done is not None:
                    self._done.set()
                if self._end:
                    self._finish()
            elif not verdict.sent:
                return

    @property
    def waits(self) -> bool:
        """Whether something waits to be sent."""
        return self._rest is not None

    def is_late(self, now: float, tick: float) -> bool:
        """Whether the client is too slow with its body, or with what it is sent."""
        settings, since = self.connection.serving.settings, now - self.began
        return (
            over(since, settings.write_timeout)
            or (not self.complete and over(since, settings.read_timeout))
            or self.sends_too_slowly(now, tick)
            or self.takes_too_slowly(now, tick)
        )

    def takes_too_slowly(self, now: float, tick: float) -> bool:
        """Whether what waits to be sent is not taken."""
        if self._rest is None:
            return False
        pace = self.pace = self.pace or Pace()
        pace.taken = self.sent
        pace.taking += tick
        limits = self.limits or self.connection.serving.limits
        return any(each.take_too_slowly(now - self.stalled_since, pace) for each in limits)

    # send -----------------------------------------------------------------------------

    async def send(self, message: Message) -> None:
        """Take a part of the response.

        Raises `AppError`, `ValueError` or `TypeError` for what is no response, and
        `ClientDisconnectedError` when the client is gone.
        """
        if self.gone:
            raise ClientDisconnectedError("the client is gone")
        kind = message["type"]
        if kind == "http.response.start":
            self._start(message)
            return
        if kind == "http.response.trailers":
            self._send_trailers(message)
            return
        if kind == "http.response.early_hint":
            await self.inform(_EARLY_HINTS, [(b"link", link) for link in message["links"]])
            return
        if self.state not in {HELD, STREAMING}:
            raise AppError(f"{kind} {'before the start' if self.state == NEW else 'after the end'}")
        try:
            await self._send_part(kind, message)
        except Exception:
            if self.state == HELD:  # nothing is out: an error page can take its place
                self.state = NEW
            raise
        if self.state != DONE or self._rest is not None:
            await self._give_way()

    async def _send_part(self, kind: str, message: Message) -> None:
        if self._rest is not None:
            raise AppError(f"{kind} while another one is sent")
        if kind == "http.response.body":
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.pathsend":
            await self._send_path(message)
        else:
            raise AppError(f"{kind!r} is no message of a response")

    __call__ = send

    def whole(self, start: Message, body: bytes) -> bool:
        """Send a whole response if nothing has to be waited for: `asgi.Whole`."""
        if self.state != NEW or self.gone or self.connection.write_paused:
            return False
        self._start(start)
        try:
            self._send_body(body, more=False)
        except Exception:
            self.state = NEW
            raise
        return True

    async def _give_way(self) -> None:
        """Wait until all is with the socket that was given, and let others have their turn."""
        connection = self.connection
        while self._rest is not None:
            if self._done is None:
                self._done = asyncio.Event()
            self._done.clear()
            await self._done.wait()
        if self.gone:
            raise ClientDisconnectedError("the client is gone")
        if self.state == DONE:
            return
        if connection.turn_is_over():
            await asyncio.sleep(0)
        if connection.write_paused:
            await connection.drained()

    def _start(self, message: Message) -> None:
        if self.state != NEW and not (self.state == HELD and message.get("replaces")):
            raise ResponseStartedError("the response was started already")
        if "upgrade" in message:
            raise AppError("HTTP/2 cannot switch protocols")
        self._fields, self._left, self._flags = response_fields(message)
        self.start = message
        self.status = message["status"]
        self.state = HELD

    def _send_body(self, data: bytes, *, more: bool) -> None:
        if self.state == HELD and not (more or self._flags or self.head_only):
            self._send_plain(data)  # as it mostly is: the rest would add nothing
            return
        if type(data) is not bytes:
            data = bytes(memoryview(data))  # or a TypeError, while nothing is out
        left = self._left
        if left is not None:
            self._left = left = left - len(data)
            if left < 0 or (left and not more):
                self._check_length()
        self.size += len(data)
        trails = self._flags & TRAILERS and not (more or self.head_only)
        more = bool(more or trails)
        bare = self.head_only or self._flags & BODILESS
        alone = bool(bare) or not data
        if self.state == HELD and not self._send_head(data, more=more, alone=alone):
            return
        if not bare and (data or not more):
            self._put(data, end=not more)
        elif not more:  # it was begun without its end, and has nothing more to say
            self._put(b"", end=True)
        if trails:
            self.state = TRAILING

    def _send_plain(self, data: bytes) -> None:
        """Send a whole response of which nothing is unusual."""
        if type(data) is not bytes:
            data = bytes(memoryview(data))  # or a TypeError, while nothing is out
        fields, size = self._fields, len(data)
        if self._left is None:
            fields.append((b"content-length", b"%d" % size))
        elif self._left != size:
            self._left -= size
            self._check_length()
        self.size = size
        connection = self.connection
        fields += connection.stamp()
        self._write_head(fields, ends=not size)
        if not size or connection.write_paused:
            if size:
                self._put(data, end=True)
            return
        verdict = connection.engine.send_data(self.number, data, 0, True)  # noqa: FBT003
        if verdict.done:
            self.sent = size
            connection.queued(size, verdict.flags)
            self._finish()
        else:
            self._put(data, end=True, offset=verdict.sent)

    def _put(self, data: bytes, *, end: bool, offset: int = 0) -> None:
        """Send of a body as much as can be sent now, and keep the rest."""
        self._rest, self._offset, self._end = data, offset, end
        self.sent += offset
        self.stalled_since = self.connection.serving.clock.now
        self.state = DONE if end else STREAMING
        self.pump()

    def _check_length(self) -> None:
        """Refuse a body that is not as long as its Content-Length, where there is to be a body."""
        if not (self.head_only or self._flags & BODILESS):
            left = self._left or 0
            how = f"{-left} bytes more than" if left < 0 else f"{left} bytes less than"
            raise AppError(f"the body has {how} its Content-Length says")

    def _send_head(self, data: bytes, *, more: bool, alone: bool) -> bool:
        """Send the head; with nothing else to come if it stands alone. Return whether more comes.

        The fields that only the body decides are added first.
        """
        ends = alone and not more
        size, flags, fields = len(data), self._flags, self._fields
        if not (more or self._left is not None or flags & (BODILESS | CHUNKED)) and (
            size or not self.head_only
        ):
            fields.append((b"content-length", b"%d" % size))
        if flags & SNIFFED and size and not self.head_only:
            fields.append((b"content-type", sniff(data)))
        stamp = self.connection.stamp()
        fields += stamp if not flags & (DATED | NAMED) else [
            field for field in stamp
            if not (flags & DATED and field[0] == b"date")
            and not (flags & NAMED and field[0] == b"server")
        ]  # fmt: skip
        self._write_head(fields, ends=ends)
        return not ends

    def _write_head(self, fields: list[Field], *, ends: bool) -> None:
        try:
            headers = HeaderMap(fields)
        except ValueError as error:
            raise AppError(f"a response header cannot be sent: {error}") from None
        connection = self.connection
        verdict = connection.engine.send_response_head(self.number, self.status, headers, ends)
        if verdict.stopped is not None:
            self.drop()
            raise ClientDisconnectedError("the client is gone")
        connection.queued(0, verdict.flags)
        self.state = STREAMING
        if ends:
            self._finish()

    def _send_trailers(self, message: Message) -> None:
        """Send the fields after the body (ASGI's `http.response.trailers`), if there can be any."""
        if self.state != TRAILING or message.get("more_trailers"):
            return
        fields = HeaderMap(plain_fields(message.get("headers") or ()))
        verdict = self.connection.engine.send_trailers(self.number, fields)
        if verdict.stopped is not None:
            self.drop()
            raise ClientDisconnectedError("the client is gone")
        self.connection.queued(0, verdict.flags)
        self._finish()

    async def _send_path(self, message: Message) -> None:
        """Answer with a file: ASGI's `http.response.pathsend`, as `Exchange` has it."""
        path = message["path"]
        if self.state != HELD:
            raise AppError("http.response.pathsend after a part of the body")
        with send_file(path, message.get("fd")) as file:
            offset = message.get("offset", 0)
            size = self._left
            if size is None:
                size = message.get("count", file.size - offset)
                self._fields.append((b"content-length", b"%d" % size))
                self._left = size
            if offset + size > file.size:
                raise AppError(f"{path} is not as long as its Content-Length")
            if self.head_only or self._flags & BODILESS or not size:
                self._left = None
                self.size = size
                self._send_head(b"", more=False, alone=True)
                return
            for piece in file.pieces(offset, size):
                self._send_body(piece, more=self._left != len(piece))
                await self._give_way()

    def _finish(self) -> None:
        self.state = DONE
        self._leave = None
        if self._pieces:
            self._release()
        if self._news is not None:
            self._news.set()
        self.connection.finished(self)

    # The end ------------------------------------------------------------------------------

    def begin(self, app: ASGIApp, scope: Scope) -> Coroutine[Any, Any, None] | None:
        """Call the app; return what is left to run, if it has not answered by then."""
        running = super().begin(app, scope)
        if running is not None:
            self.connection.running += 1
        return running

    def _ended(self) -> None:
        self.connection.running -= 1

    def _fail(self) -> None:
        if self.state >= STREAMING:
            self.break_off()
            return
        self.status = 500
        connection = self.connection
        verdict = connection.engine.send_response_head(self.number, 500, _FAILED, end_stream=True)
        connection.queued(0, verdict.flags)
        self._finish()

    def _abort(self) -> None:
        if not (self.gone or self.state == DONE):
            self.connection.reset(self, CANCEL)

    def break_off(self) -> None:
        """End what cannot be finished, so that the client does not take it for whole."""
        if not (self.gone or self.state == DONE):
            self.connection.reset(self, INTERNAL_ERROR)
