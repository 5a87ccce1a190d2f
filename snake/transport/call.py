"""Call: one run of the app for a WebSocket that Hypercorn speaks: its `receive` and `send`."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

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
from snake.transport.fields import response_fields
from snake.transport.framing import DATED, NAMED
from snake.transport.limits import Limits
from snake.transport.refusal import RefusedError
from snake.transport.websocket import LimitedConnection

if TYPE_CHECKING:
    from snake.transport.asgi import ASGIApp, ClientDuplex

log = logging.getLogger("snake.http")

_UNFINISHED = frozenset({ASGIWebsocketState.HANDSHAKE, ASGIWebsocketState.RESPONSE})
"""States in which an app may not return."""
_DISCONNECT: dict[str, object] = {"type": "websocket.disconnect", "code": 1006, "reason": ""}
"""What an app is told when a stream ends with no word of the client (1006: RFC 6455 §7.1.5)."""
_MESSAGE = 128
"""What a message costs beside its bytes, in bytes."""


class Host(Protocol):
    """Who has the connection on which a WebSocket is spoken."""

    app: ASGIApp
    read_high_water: int

    @property
    def closing(self) -> bool:
        """Whether nothing can be sent any more."""
        ...

    def complete(self, scope: Scope) -> None:
        """Make Hypercorn's scope one of ours. Raises `RefusedError`."""
        ...

    def limits_with(self, own: tuple[Limits, ...], limits: Limits) -> tuple[Limits, ...]:
        """Return the limits of a request and one more."""
        ...

    def switch(self, message: Message) -> ClientDuplex:
        """Answer that what follows is for a handler, and let go of the connection."""
        ...

    def stamp(self, *, dated: bool, named: bool) -> list[tuple[bytes, bytes]]:
        """Return the fields that the transport adds to a head that has not got them."""
        ...

    async def release(self) -> None:
        """Let Hypercorn have what came too early."""
        ...

    async def give_way(self) -> None:
        """Let others have their turn."""
        ...

    def break_off(self) -> None:
        """End what cannot be finished, so that the client does not take it for whole."""
        ...


class Call:
    """What the app sees of one WebSocket."""

    def __init__(self, host: Host, scope: Scope, stream: WSStream) -> None:
        self.stream = stream
        self.lost = False
        """Whether the stream ended before its time, or was taken over."""
        self.tunnel: ClientDuplex | None = None
        """The connection, if it was taken over."""
        scope.setdefault("extensions", {})[CLIENT] = self
        self._host = host
        self._scope = scope
        self._given = scope
        """What the app has of it: it may change that, and leave its name there."""
        self._messages: deque[Message] = deque()
        self._size = 0
        self._end: Message | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._leave: Callable[[], None] | None = None
        self._limits: tuple[Limits, ...] = ()

    # What Hypercorn calls --------------------------------------------------------

    async def put(self, message: Message) -> None:
        """Take a message for the app; wait while it has too many."""
        if message["type"] == "websocket.disconnect":
            self._end = self._end or self._told(message)
            self.drop()
            return
        self._messages.append(message)
        self._size += _size(message)
        self._news.set()
        while self._size > self._host.read_high_water and not self.lost:
            self._room.clear()
            await self._room.wait()

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
        self._limits = self._host.limits_with(self._limits, limits)

    # What the app calls -----------------------------------------------------------------

    async def receive(self) -> Message:
        """Return what came, in order, then the end."""
        while not self._messages and not self.lost:
            self._news.clear()
            await self._news.wait()
        if not self._messages:
            return self._end or _DISCONNECT.copy()
        message = self._messages.popleft()
        self._size -= _size(message)
        self._room.set()
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the app, its head checked and completed.

        Raises `ClientDisconnectedError` when the client is gone: Hypercorn's own returns at once
        then, and an app that only sends would never let go of the loop.
        """
        if self.stream.closed or self.lost or self._host.closing:
            raise ClientDisconnectedError("the client is gone")
        if message["type"] == "websocket.http.response.start":
            if self.stream.state is not ASGIWebsocketState.HANDSHAKE:
                raise ResponseStartedError("the response was started already")
            if "upgrade" in message:
                self._leave = None
                self.lost = True
                self.tunnel = self._host.switch(message)
                return
            message = self._completed(message)
        elif message["type"] == "websocket.accept":
            await self._host.release()
        await self.stream.app_send(message)  # type: ignore[arg-type]
        await self._host.give_way()

    def _completed(self, message: Message) -> Message:
        fields, _, flags = response_fields(message)
        fields += self._host.stamp(dated=bool(flags & DATED), named=bool(flags & NAMED))
        return {**message, "headers": fields}

    # Beyond ASGI (`asgi.Client`) -------------------------------------------------------------

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Call back when the client goes away; at once, if it is gone."""
        self._leave = callback
        if self.lost:
            callback()

    @property
    def trailers(self) -> list[tuple[bytes, bytes]]:
        """Nothing: a handshake has no body."""
        return []

    async def inform(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send nothing: a handshake is answered once."""

    def take_over(self) -> ClientDuplex:
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
                self._break_off()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self._fail(error)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001
            self._fail(error)
        else:
            self._see_finished()
        if not self.lost:
            await self.stream.app_send(None)
        if self.tunnel is not None:
            self.tunnel.close()

    async def _answer(self) -> None:
        try:
            self._host.complete(self._scope)
        except RefusedError as error:
            await self._refuse(error)
        else:
            # The app may change the method of its own scope; that HEAD has no body stays so.
            self._given = {**self._scope}
            await self._host.app(self._given, self.receive, self.send)

    def _see_finished(self) -> None:
        if self.stream.state in _UNFINISHED and not self.lost:
            report_unfinished(self._given)
            if self.stream.state is ASGIWebsocketState.RESPONSE:
                self._break_off()

    def _fail(self, error: BaseException) -> None:
        if not self.stream.closed:
            log.error("the app failed", exc_info=error)
        if self.stream.state is ASGIWebsocketState.RESPONSE:
            self._break_off()

    def _break_off(self) -> None:
        if not self.lost:
            self._host.break_off()

    async def _refuse(self, error: RefusedError) -> None:
        """Answer a request that the app is not to see."""
        kind, headers = "websocket.http.response", [(b"content-length", b"0")]
        await self.send({"type": f"{kind}.start", "status": error.status, "headers": headers})
        await self.send({"type": f"{kind}.body", "body": b""})


def _size(message: Message) -> int:
    content = message.get("body") or message.get("bytes") or message.get("text") or b""
    return len(content) + _MESSAGE
