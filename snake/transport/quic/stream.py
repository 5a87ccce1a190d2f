"""Stream: one request over HTTP/3 and its response, as the app sees them: `receive` and `send`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from snake.transport.asgi import (
    NO_START,
    AppError,
    ClientDisconnectedError,
    Message,
    ResponseStartedError,
)
from snake.transport.deadlines import over
from snake.transport.fields import plain_fields
from snake.transport.framing import BODILESS, TRAILERS
from snake.transport.limits import Limits, Pace
from snake.transport.quic.response import ResponseHead
from snake.transport.running import DONE, HELD, NEW, STREAMING, TRAILING, Running
from snake.transport.sendfile import send_file

if TYPE_CHECKING:
    from snake.transport.quic.http3 import Fields
    from snake.transport.quic.requests import Requests

_PIECE = 65_536
"""Bytes that are framed at once."""
_CONTINUE, _EARLY_HINTS = 100, 103


class Stream(Running):
    """One request and its response."""

    def __init__(self, requests: Requests, id: int) -> None:
        self.id = id
        self.state = NEW
        self.gone = False
        """Whether the client can be told nothing more."""
        self.head_only = False
        self.expects = False
        """Whether the client still waits for a `100 Continue`."""
        self.trailers: Fields = []
        """The fields after the request's body."""
        self.complete = False
        """Whether all of the request came in."""
        self.began = requests.now
        self.pace = Pace()
        self._requests = requests
        self._left: int | None = None
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._delivered = False
        self._news = asyncio.Event()
        self._starved_since: float | None = None
        self._taken: int | None = None
        self._stalled_since = self.began
        self._limits: tuple[Limits, ...] = ()
        self._leave: Callable[[], None] | None = None
        self._head: ResponseHead | None = None
        self.status = 0
        """That of the response; 0 as long as none was begun."""
        self.start: Message = NO_START
        """The message that began the response: `asgi.NO_START`."""
        self.size = 0
        """Bytes of the response's body, also of one that the client does not get: to a HEAD."""
        self.given = 0
        """Bytes of the request's body that the app was given."""

    # What the session calls ----------------------------------------------------------

    def expect(self, length: int | None) -> None:
        """Note how long the body has to be, if the client has said so."""
        self._left = length

    def feed(self, data: bytes, *, ended: bool) -> bool:
        """Take some of the body; return whether it can be that of this request."""
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0 or (ended and self._left):
                return False
        if data:
            self.pace.sent += len(data)
            if self._starved_since is not None:
                self._starved_since = self._requests.now
            if self.state == DONE or self.gone:
                self._requests.release(len(data))
            else:
                self._pieces.append(data)
                self._waiting += len(data)
        self.complete = ended
        self._news.set()
        return True

    def drop(self) -> None:
        """Let nobody wait for a client that is gone."""
        self.gone = True
        self._requests.stalled.discard(self)
        self._forget_body()
        self._news.set()
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def wake(self) -> None:
        """Let the app look again at what it waits for."""
        self._news.set()

    def is_late(self, now: float, tick: float) -> bool:
        """Whether the client is too slow with its body, or with what it is sent."""
        settings, since = self._requests.settings, now - self.began
        return (
            over(since, settings.write_timeout)
            or (not self.complete and over(since, settings.read_timeout))
            or self._sends_too_slowly(now, tick)
            or self.takes_too_slowly(now, tick)
        )

    def _sends_too_slowly(self, now: float, tick: float) -> bool:
        since = self._starved_since
        if since is None:
            return False
        self.pace.sending += tick
        limits = self._limits or self._requests.limits
        return any(each.send_too_slowly(now - since, self.pace) for each in limits)

    def takes_too_slowly(self, now: float, tick: float) -> bool:
        """Whether what waits to be sent, or to be acknowledged, is not taken."""
        taken = self._requests.acknowledged(self.id)
        if taken is None or taken != self._taken:
            self._taken = taken
            self._stalled_since = now
        if taken is None:
            return False
        self.pace.taking += tick
        self.pace.taken = taken
        limits = self._limits or self._requests.limits
        return any(each.take_too_slowly(now - self._stalled_since, self.pace) for each in limits)

    # receive --------------------------------------------------------------------------

    async def receive(self) -> Message:
        """Return the next piece of the body, or `http.disconnect` when nobody is left to answer."""
        while not (self._delivered or self._waiting or self.complete or self._is_over()):
            await self._starve()
        if self._delivered or self._is_over():
            while not self._is_over():
                await self._wait()
            return {"type": "http.disconnect"}
        data = b"".join(self._pieces)
        self.given += len(data)
        self._forget_body(taken=True)
        self._delivered = self.complete
        return {"type": "http.request", "body": data, "more_body": not self.complete}

    def _is_over(self) -> bool:
        return self.gone or self.state == DONE

    def _forget_body(self, *, taken: bool = False) -> None:
        size, self._waiting = self._waiting, 0
        self._pieces.clear()
        if taken:
            self._requests.grant(self.id, size)
        else:
            self._requests.release(size)

    async def _starve(self) -> None:
        if self.expects:
            await self.inform(_CONTINUE, [])
        self._starved_since = self._requests.now
        try:
            await self._wait()
        finally:
            self._starved_since = None

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()

    # send ------------------------------------------------------------------------------

    async def send(self, message: Message) -> None:
        """Take a part of the response.

        Raises `AppError`, `ValueError` or `TypeError` for what is no response, and
        `ClientDisconnectedError` when the client is gone.
        """
        if self.gone:
            raise ClientDisconnectedError("the client is gone")
        match message["type"]:
            case "http.response.start":
                self._start(message)
            case "http.response.trailers":
                self._send_trailers(message)
            case "http.response.early_hint":
                await self.inform(_EARLY_HINTS, [(b"link", link) for link in message["links"]])
            case kind if self.state not in (HELD, STREAMING):
                when = "before the start" if self.state == NEW else "after the end"
                raise AppError(f"{kind} {when}")
            case "http.response.body":
                await self._send_body(message.get("body", b""), more=message.get("more_body"))
            case "http.response.pathsend":
                await self._send_path(message)
            case kind:
                raise AppError(f"{kind!r} is no message of a response")

    __call__ = send

    def whole(self, start: Message, body: bytes) -> bool:
        """Send a whole response if nothing has to be waited for: `asgi.Whole`."""
        if self.state != NEW or self.gone or len(body) > _PIECE:
            return False
        self._start(start)
        self._write(body, more=False)
        return True

    def _start(self, message: Message) -> None:
        if self.state != NEW and not (self.state == HELD and message.get("replaces")):
            raise ResponseStartedError("the response was started already")
        if "upgrade" in message:
            raise AppError("HTTP/3 cannot switch protocols")
        self._head = ResponseHead(message, self._requests.stamp)
        self.start = message
        self.status = message["status"]
        self.state = HELD

    async def _send_body(self, data: bytes, *, more: object) -> None:
        view = memoryview(data)
        while len(view) > _PIECE:
            self._write(bytes(view[:_PIECE]), more=True)
            await self._give_way()
            view = view[_PIECE:]
        self._write(bytes(view), more=bool(more))
        await self._give_way()

    def _write(self, data: bytes, *, more: bool) -> None:
        """Send a part of the body, and before it the head, if that is still to be sent."""
        head = self._head
        assert head is not None  # noqa: S101  (it came with the start)
        bodiless = self.head_only or bool(head.flags & BODILESS)
        try:
            if not bodiless:
                head.count(len(data), more=more)
            first = head.fields(data, more=more, head_only=self.head_only)
        except Exception:
            if self.state == HELD:  # nothing is out: an error page can take its place
                self.state = NEW
            raise
        self.size += len(data)
        trails = bool(head.flags & TRAILERS) and not (more or bodiless)
        if self.state == HELD:
            self._requests.respond(
                self.id, first, b"" if bodiless else data, ended=bodiless or not (more or trails)
            )
        elif not bodiless:
            self._requests.send_data(self.id, data, ended=not (more or trails))
        self.state = STREAMING if more else TRAILING if trails else DONE
        if self.state == DONE:
            self._finish()

    async def _give_way(self) -> None:
        """Wait while the client has enough, and let others have their turn."""
        while self.state == STREAMING and not self._requests.has_room(self.id):
            if self.gone:
                raise ClientDisconnectedError("the client is gone")
            self._requests.stalled.add(self)
            await self._wait()
        if self._requests.turn_is_over():
            await asyncio.sleep(0)

    def _send_trailers(self, message: Message) -> None:
        if self.state == TRAILING and not message.get("more_trailers"):
            self._requests.send_trailers(self.id, plain_fields(message.get("headers") or ()))
            self.state = DONE
            self._finish()

    async def _send_path(self, message: Message) -> None:
        """Answer with a file: ASGI's `http.response.pathsend`."""
        head, path = self._head, message["path"]
        if self.state != HELD or head is None:
            raise AppError("http.response.pathsend after a part of the body")
        with send_file(path, message.get("fd")) as file:
            offset = message.get("offset", 0)
            size = head.length
            if size is None:
                size = message.get("count", file.size - offset)
                head.set_length(size)
            if offset + size > file.size:
                raise AppError(f"{path} is not as long as its Content-Length")
            if not size or self.head_only or head.flags & BODILESS:
                self._write(b"", more=False)
                self.size = size
                return
            for piece in file.pieces(offset, size):
                size -= len(piece)
                self._write(piece, more=size > 0)
                await self._give_way()

    def _finish(self) -> None:
        self._leave = None
        self._forget_body()
        self._news.set()
        self._requests.answered(self)

    # Beyond ASGI (`asgi.Client`) ----------------------------------------------------------

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Call back when the client goes away before it is answered; at once, if it is gone."""
        self._leave = callback
        if self.gone:
            self.drop()

    def limit(self, limits: Limits) -> None:
        """Have the stream end when the client is slower than this as well."""
        self._limits = self._requests.limits_with(self._limits, limits)

    async def inform(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send an interim response, if the client can take one, and waits for it if it is a 100."""
        if self.state >= STREAMING or self.gone:
            return
        if status == _CONTINUE:
            if not self.expects:
                return
            self.expects = False
        with suppress(ClientDisconnectedError):
            self._requests.inform(self.id, [(b":status", b"%d" % status), *plain_fields(headers)])

    def take_over(self) -> NoReturn:
        """Refuse: streams of HTTP/3 do not switch protocols."""
        raise RuntimeError("the protocol was not switched")

    # The end --------------------------------------------------------------------------------

    def _fail(self) -> None:
        if self.state < STREAMING:
            with suppress(ClientDisconnectedError):
                self.answer(500)
                return
        self._requests.give_up(self)

    def _abort(self) -> None:
        if not self._is_over():
            self._requests.give_up(self)

    def answer(self, status: int) -> None:
        """Answer with a status and nothing more."""
        self.state = NEW
        self._start({"status": status, "headers": [(b"content-length", b"0")]})
        self._write(b"", more=False)
