"""HTTP/2: Hypercorn's protocol, held to the app's pace and to the end of its streams (RFC 9113).

Hypercorn lets one app that does not read its body stop the whole connection, and keeps streams
that nobody will ever finish. Here a client may send what the app has taken, and no more; a
stream that is gone lets go of all that waits for it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, cast

from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamReset
from h2.exceptions import ProtocolError
from hypercorn.events import Closed, Updated
from hypercorn.protocol.events import Body
from hypercorn.protocol.h2 import BUFFER_HIGH_WATER, H2Protocol, StreamBuffer
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import Event as IOEvent
from priority.priority import MissingStreamError

if TYPE_CHECKING:
    from snake.transport.call import Call

GOAWAY = b"\0\0\x08\x07\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\0"
"""The frame that asks for no new streams, and lets those that are on their way come in.

It is not h2's: that takes no more streams once it has said so.
"""
_WINDOW = 6_553_500
"""Bytes that all streams of a connection may have waiting: a hundred streams, 64 KiB each."""
_MOST_RESETS = 100
"""Streams that a client may open and reset, beside half of all its requests (CVE-2023-44487)."""


class HTTP2(H2Protocol):
    """One connection."""

    requests = 0
    resets = 0

    async def begin(self) -> None:
        """Say our settings."""
        await self.initiate()
        self.connection.increment_flow_control_window(_WINDOW)
        await self._flush()

    def taken(self, stream_id: int) -> int | None:
        """Return how many bytes the client's window has let through; `None` if none wait."""
        buffer = self.stream_buffers.get(stream_id)
        return buffer.taken if isinstance(buffer, _Buffer) and buffer.buffer else None

    async def acknowledge(self, stream_id: int, count: int) -> None:
        """Let the client send as much again."""
        with suppress(ProtocolError):
            self.connection.acknowledge_received_data(count, stream_id)
            await self._flush()

    async def reset(self, stream_id: int, code: ErrorCodes) -> None:
        """End a stream that cannot be finished."""
        with suppress(ProtocolError):
            self.connection.reset_stream(stream_id, error_code=code)
        await self._let_go(stream_id)
        await self._close_stream(stream_id)
        await self._flush()
        await self.send(Updated(idle=self.idle))

    async def leave(self) -> None:
        """Let go of everything: the connection is gone."""
        for stream_id in list(self.stream_buffers):
            await self._let_go(stream_id)
        await self.handle(Closed())

    async def _let_go(self, stream_id: int) -> None:
        """Let nobody wait for a stream's window any more."""
        buffer = self.stream_buffers.get(stream_id)
        if buffer is not None:
            await buffer.close()
            with suppress(MissingStreamError):
                self.priority.unblock(stream_id)
            await self.has_data.set()

    async def _create_stream(self, request: RequestReceived) -> None:
        await super()._create_stream(request)
        buffer = self.stream_buffers.get(request.stream_id)
        if buffer is not None and not buffer.buffer:  # the app has not begun
            self.stream_buffers[request.stream_id] = _Buffer(self.context.event_class)

    async def _handle_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, DataReceived):
                await self._take_data(event)
                continue
            if isinstance(event, RequestReceived):
                self.requests += 1
            elif isinstance(event, StreamReset) and event.stream_id is not None:
                self.resets += 1
                await self._let_go(event.stream_id)
            await super()._handle_events([event])
        await self._flush()
        if self.resets > _MOST_RESETS + self.requests // 2:
            with suppress(ProtocolError):
                self.connection.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
                await self._flush()
            await self.send(Closed())

    async def _send_data(self, stream_id: int) -> None:
        """Send some of what waits for a stream's window; tell its buffer of the end."""
        buffer = self.stream_buffers.get(stream_id)
        await super()._send_data(stream_id)
        if isinstance(buffer, _Buffer) and stream_id not in self.stream_buffers:
            await buffer.end()

    async def _take_data(self, event: DataReceived) -> None:
        stream_id, count = event.stream_id, event.flow_controlled_length or 0
        stream = self.streams.get(stream_id)
        if stream is None or stream.closed:  # it was answered already
            await self.acknowledge(stream_id, count)
            return
        await stream.handle(Body(stream_id=stream_id, data=event.data or b""))
        if isinstance(stream, HTTPStream) and stream.app_put is not None:
            cast("Call", stream.app_put.__self__).owes(count)  # type: ignore[attr-defined]
        else:
            await self.acknowledge(stream_id, count)


class _Buffer(StreamBuffer):
    """What waits for a stream's window. Hypercorn's takes more whenever the window is closed.

    It takes a stream for finished, too, when its last bytes are on their way but not its end:
    when we stop, the connection would be closed then, with the response cut short.
    """

    taken = 0
    """Bytes that the window has let through."""

    def __init__(self, event_class: type[IOEvent]) -> None:
        super().__init__(event_class)
        self._ended = event_class()

    async def drain(self) -> None:
        """Wait until all is sent: the end of the stream as well, if all of it is here."""
        await super().drain()
        if self._complete:
            await self._ended.wait()

    async def close(self) -> None:
        """Drop all, and let nobody wait."""
        await super().close()
        await self.end()

    async def end(self) -> None:
        """Note that the stream has ended."""
        await self._ended.set()

    async def pop(self, max_length: int) -> bytes:
        """Return what may be sent, and let the app go on when little is left."""
        data = bytes(self.buffer[:max_length])
        del self.buffer[:max_length]
        self.taken += len(data)
        if len(self.buffer) < BUFFER_HIGH_WATER:
            await self._paused.set()
        if not self.buffer:
            await self._is_empty.set()
        return data
