"""StreamTunnel: a stream of HTTP/3 that carries bytes both ways, after an extended CONNECT.

(RFC 9220.) It is to a handler what a connection after `101 Switching Protocols` is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from snake.transport.asgi import ClientDisconnectedError
from snake.transport.farewell import Farewell
from snake.transport.fields import Field
from snake.transport.quic.stream import Stream
from snake.transport.running import DONE, NEW, STREAMING

if TYPE_CHECKING:
    from snake.transport.quic.requests import Requests


class StreamTunnel(Stream):
    """An `asgi.ClientDuplex`."""

    def __init__(self, requests: Requests, id: int) -> None:
        super().__init__(requests, id)
        self.number = id
        self.is_taken_over = False
        """Whether a handler has it, which says itself when it is over."""
        self.farewell = Farewell()
        self._turn_to_write = asyncio.Lock()

    def respond(self, status: int, fields: list[Field], *, ends: bool = False) -> None:
        """Send the head of the response. Raises `ClientDisconnectedError`."""
        if self.gone:
            raise ClientDisconnectedError("the client is gone")
        head = [(b":status", b"%d" % status), *fields]
        self._requests.respond(self.id, head, b"", ended=ends)
        self.state = STREAMING
        if ends:
            self._close_ours()

    @property
    def is_begun(self) -> bool:
        """Whether the head is out."""
        return self.state != NEW

    async def read(self) -> bytes:
        """Return what came, and `b""` when the client has closed its side."""
        while not (self._waiting or self.complete or self.gone):
            await self._wait()
        data = b"".join(self._pieces)
        self._forget_body(taken=True)
        return data

    async def write(self, data: bytes) -> None:
        """Send, and wait while too much is on its way. Raises `OSError` when it cannot."""
        async with self._turn_to_write:
            if self.gone or self.state != STREAMING:
                raise ClientDisconnectedError("the stream of the tunnel is closed")
            self._requests.send_data(self.id, bytes(data), ended=False)
            await self._give_way()

    def end(self) -> None:
        """Close this side only: nothing more is sent."""
        if not self.gone and self.state == STREAMING:
            with suppress(ClientDisconnectedError):
                self._requests.send_data(self.id, b"", ended=True)
            self._close_ours()

    def _close_ours(self) -> None:
        self.state = DONE
        self._finish()

    def close(self) -> None:
        """Close when all that was written is out. May be repeated."""
        self.farewell.forget()
        if self.state == NEW:
            self._abort()
        else:
            self.end()

    def break_off(self) -> None:
        """End what cannot be finished, so that the client does not take it for whole."""
        self._abort()

    def when_drained(self, callback: Callable[[], None], after: float = 0.0) -> None:
        """Call back when the server wants to stop, or `after` seconds after another took over."""
        self.farewell.set(callback, after)

    def drain(self, patience: float) -> None:
        """Say that the server wants to stop, and leaves the tunnel at most so many seconds."""
        self.farewell.say(patience)

    def is_late(self, now: float, tick: float) -> bool:
        """Whether the client takes nothing of what it is sent. It may be silent for ever."""
        return self.takes_too_slowly(now, tick)
