"""Call: one run of the app for a request that Hypercorn has read: its `receive` and `send`."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hypercorn.protocol.events import InformationalResponse
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream

from snake.transport.asgi import (
    CLIENT,
    AbortError,
    ClientDisconnectedError,
    Message,
    ResponseStartedError,
    Scope,
    report_unfinished,
)
from snake.transport.framing import DATED, NAMED, SNIFFED, response_head
from snake.transport.limits import Limits, Pace
from snake.transport.refusal import RefusedError
from snake.transport.sniff import sniff
from snake.transport.websocket import LimitedConnection

if TYPE_CHECKING:
    from snake.transport.hypercorn import Guest
    from snake.transport.tunnel import Tunnel

log = logging.getLogger("snake.http")

_BEFORE = frozenset({ASGIHTTPState.REQUEST, ASGIWebsocketState.HANDSHAKE})
"""States in which a response can begin."""
_UNFINISHED = _BEFORE | {ASGIHTTPState.RESPONSE}
"""States in which an app may not return."""
_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})
_DISCONNECT: dict[str, dict[str, object]] = {
    "http": {"type": "http.disconnect"},
    "websocket": {"type": "websocket.disconnect", "code": 1006, "reason": ""},
}
"""What an app is told when a stream ends with no word of the client (1006: RFC 6455 §7.1.5)."""
_ENDS = frozenset({"http.disconnect", "websocket.disconnect"})
_CONNECTION_FIELDS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
"""Fields that speak of a connection, which HTTP/2 has no words for (RFC 9113 §8.2.2)."""
_BODILESS = frozenset({204, 304})
_CONTINUE = 100
_PIECE = 32_768
"""Bytes that Hypercorn takes at once."""
_MESSAGE = 128
"""What a message costs beside its bytes, in bytes."""


class Call:
    """What the app sees of one stream."""

    def __init__(self, guest: Guest, scope: Scope, stream: HTTPStream | WSStream) -> None:
        self.stream = stream
        self.lost = False
        """Whether the stream ended before its time, or was taken over."""
        self.tunnel: Tunnel | None = None
        """The connection, if it was taken over."""
        scope.setdefault("extensions", {})[CLIENT] = self
        self._guest = guest
        self._scope = scope
        self._given = scope
        """What the app has of it: it may change that, and leave its name there."""
        self._messages: deque[Message] = deque()
        self._size = 0
        self._end: Message | None = None
        self._head: Message | None = None
        self._whole = False
        self._owed = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._starved_since: float | None = None
        self._taken: int | None = None
        self._stalled_since = guest.now
        self._leave: Callable[[], None] | None = None
        self._limits: tuple[Limits, ...] = ()
        self._pace = Pace()

    # What Hypercorn calls --------------------------------------------------------

    async def put(self, message: Message) -> None:
        """Take a message for the app; for a WebSocket, wait while it has too many."""
        if message["type"] in _ENDS:
            self._end = self._end or self._told(message)
            self.drop()
            return
        self._messages.append(message)
        size = _size(message)
        self._size += size
        self._pace.sent += size - _MESSAGE
        self._news.set()
        if self._starved_since is not None:
            self._starved_since = self._guest.now
        if self._scope["type"] == "websocket":
            while self._size > self._guest.read_high_water and not self.lost:
                self._room.clear()
                await self._room.wait()

    def owes(self, count: int) -> None:
        """Note bytes that the client may send again once the app has taken these."""
        self._owed += count

    def _told(self, message: Message) -> Message:
        """Return the end of a WebSocket with the code that the client gave (ASGI)."""
        connection = getattr(self.stream, "connection", None)
        if isinstance(connection, LimitedConnection) and connection.closed_with is not None:
            closed_with = connection.closed_with
            return {**message, "code": closed_with.code, "reason": closed_with.reason or ""}
        return message

    # What the connection calls ------------------------------------------------------

    def drop(self) -> None:
        """Let nobody wait for a stream that is gone."""
        self.lost = True
        self._news.set()
        self._room.set()
        if self._leave is not None:
            self._leave()

    def limit(self, limits: Limits) -> None:
        """Have the stream end when the client is slower than this as well."""
        self._limits = self._guest.limits_with(self._limits, limits)

    def is_late(self, now: float, tick: float, taken: int | None, limits: Sequence[Limits]) -> bool:
        """Whether the client is too slow with its body, or with what it is sent.

        `taken` are the bytes it has taken while more wait; `limits` hold where there are no others.
        """
        limits, pace, since = self._limits or limits, self._pace, self._starved_since
        if since is not None:
            pace.sending += tick
            if any(each.send_too_slowly(now - since, pace) for each in limits):
                return True
        if taken is None or taken != self._taken:
            self._taken = taken
            self._stalled_since = now
        if taken is None:
            return False
        pace.taking += tick
        pace.taken = taken
        return any(each.take_too_slowly(now - self._stalled_since, pace) for each in limits)

    # What the app calls -----------------------------------------------------------------

    async def receive(self) -> Message:
        """Return what came, in order, then the end."""
        if not self._messages and not self.lost:
            await self._starve()
        if not self._messages:
            return self._end or _DISCONNECT[self._scope["type"]].copy()
        message = self._messages.popleft()
        self._size -= _size(message)
        self._room.set()
        if message.get("more_body") is False:
            self._whole = True
        await self._settle()
        return message

    async def _starve(self) -> None:
        if not self._whole and self._scope["type"] == "http":
            self._starved_since = self._guest.now
        try:
            while not self._messages and not self.lost:
                self._news.clear()
                await self._news.wait()
        finally:
            self._starved_since = None

    async def _settle(self) -> None:
        owed, self._owed = self._owed, 0
        if owed:
            await self._guest.acknowledge(self.stream.stream_id, owed)

    async def send(self, message: Message) -> None:
        """Send a message of the app, its head checked and completed.

        Raises `ClientDisconnectedError` when the client is gone: Hypercorn's own returns at once
        then, and an app that only sends would never let go of the loop.
        """
        if self.stream.closed or self.lost or self._guest.closing:
            raise ClientDisconnectedError("the client is gone")
        if message["type"] in _STARTS:
            held = self._head is not None and not message.get("replaces")
            if held or self.stream.state not in _BEFORE:
                raise ResponseStartedError("the response was started already")
            if "upgrade" in message:
                self._leave = None
                self.lost = True
                self.tunnel = self._guest.switch(message)
                return
            message = self._completed(message)
            if message["type"] == "http.response.start":
                self._head = message
                return
        elif message["type"] == "http.response.body":
            if self._head is not None:
                await self._send_head(self._head, message)
            message = await self._send_most(message)
        elif message["type"] == "websocket.accept":
            await self._guest.release()
        await self.stream.app_send(message)  # type: ignore[arg-type]
        await self._guest.give_way()

    async def _send_head(self, head: Message, body: Message) -> None:
        """Send the head that waited for the body, and for its length if that is the whole."""
        self._head = None
        if head.get("sniff") and body.get("body") and self._scope.get("method") != "HEAD":
            head["headers"].append((b"content-type", sniff(body["body"])))
        is_known = any(name == b"content-length" for name, _ in head["headers"])
        if not (is_known or body.get("more_body") or head["status"] in _BODILESS):
            size = len(body.get("body", b""))
            if size or self._scope["method"] != "HEAD":
                head["headers"].append((b"content-length", b"%d" % size))
        await self.stream.app_send(head)  # type: ignore[arg-type]

    async def _send_most(self, message: Message) -> Message:
        """Send a long body in pieces up to its last, which is returned.

        Hypercorn copies what it is given, whether the client lets it through or not.
        """
        body = message.get("body", b"")
        while len(body) > _PIECE:
            piece = {"type": message["type"], "body": body[:_PIECE], "more_body": True}
            await self.stream.app_send(piece)  # type: ignore[arg-type]
            if self.lost:
                raise ClientDisconnectedError("the client is gone")
            body = memoryview(body)[_PIECE:]
        return {**message, "body": body}

    def _completed(self, message: Message) -> Message:
        _, _, flags = response_head(message)
        headers = [
            (name, value)
            for name, value in message.get("headers") or ()
            if name.lower() not in _CONNECTION_FIELDS
        ]
        headers += self._guest.stamp(dated=bool(flags & DATED), named=bool(flags & NAMED))
        return {**message, "headers": headers, "sniff": bool(flags & SNIFFED)}

    # Beyond ASGI (`asgi.Client`) -------------------------------------------------------------

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Call back when the client goes away; at once, if it is gone."""
        self._leave = callback
        if self.lost:
            callback()

    @property
    def trailers(self) -> list[tuple[bytes, bytes]]:
        """The fields after the request's body, which Hypercorn does not tell."""
        return []

    async def inform(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send an interim response, if the client can take one."""
        if self.stream.state is ASGIHTTPState.REQUEST and not self.lost and status != _CONTINUE:
            interim = InformationalResponse(
                stream_id=self.stream.stream_id,
                headers=[each for each in headers if each[0] not in _CONNECTION_FIELDS],
                status_code=status,
            )
            await self.stream.send(interim)

    def take_over(self) -> Tunnel:
        """Return the connection, after a start message with `upgrade` was sent."""
        if self.tunnel is None:
            raise RuntimeError("the protocol was not switched")
        return self.tunnel

    # The run ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run the app; what it leaves undone is a 500, or a stream that is reset."""
        try:
            await self._answer()
        except ClientDisconnectedError:
            pass
        except AbortError:
            # A WebSocket that an app leaves open gets a close with 1011 from Hypercorn.
            if self.stream.state is not ASGIWebsocketState.CONNECTED:
                await self._break_off()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            await self._fail(error)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001
            await self._fail(error)
        else:
            await self._see_finished()
        if not self.lost:
            await self.stream.app_send(None)
        if self.tunnel is not None:
            self.tunnel.close()
        await self._settle()

    async def _answer(self) -> None:
        try:
            self._guest.complete(self._scope)
        except RefusedError as error:
            await self._refuse(error)
        else:
            # The app may change the method of its own scope; that HEAD has no body stays so.
            self._given = {**self._scope}
            await self._guest.app(self._given, self.receive, self.send)

    async def _see_finished(self) -> None:
        if self.stream.state in _UNFINISHED and not self.lost:
            report_unfinished(self._given)
            if self.stream.state is ASGIHTTPState.RESPONSE:
                await self._break_off()

    async def _fail(self, error: BaseException) -> None:
        if not self.stream.closed:
            log.error("the app failed", exc_info=error)
        if self.stream.state is ASGIHTTPState.RESPONSE:
            await self._break_off()

    async def _break_off(self) -> None:
        if not self.lost:
            await self._guest.reset(self)

    async def _refuse(self, error: RefusedError) -> None:
        """Answer a request that the app is not to see."""
        websocket = self._scope["type"] == "websocket"
        kind = "websocket.http.response" if websocket else "http.response"
        headers = [(b"content-length", b"0")]
        await self.send({"type": f"{kind}.start", "status": error.status, "headers": headers})
        await self.send({"type": f"{kind}.body", "body": b""})


def _size(message: Message) -> int:
    content = message.get("body") or message.get("bytes") or message.get("text") or b""
    return len(content) + _MESSAGE
