"""A client that speaks WebSocket over HTTP/2 (RFC 8441), with h2 and wsproto."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from h2.events import DataReceived, Event, StreamEnded, StreamReset
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Message, TextMessage
from wsproto.events import Event as SocketEvent
from wsproto.extensions import Extension

from tests.transport.frames import H2, answer
from tests.transport.wire import PATIENCE

Fields = list[tuple[str, str]]
CONNECT: Fields = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":authority", "a"),
    (":path", "/ws?x"),
    ("sec-websocket-version", "13"),
]


_PIECE = 16_000


class Socket:
    """One WebSocket."""

    def __init__(self, h2: H2, extensions: Sequence[Extension] = ()) -> None:
        self.h2 = h2
        self.stream = h2.connection.get_next_available_stream_id()
        self.fields: dict[bytes, bytes] = {}
        """The response's."""
        self.reset: int | None = None
        """The code with which the server has reset the stream."""
        self._owed = 0
        self.is_over = False
        """Whether the stream has ended."""
        self._connection = Connection(ConnectionType.CLIENT, list(extensions))
        h2.takers.append(self._take)

    async def open(self, fields: Fields = CONNECT) -> int:
        """Ask; return the status of the answer."""
        self.h2.connection.send_headers(self.stream, fields)
        await self.h2.flush()
        while not self.fields and self.reset is None:
            await self._hear()
        return int(self.fields.get(b":status", b"0"))

    async def send(self, event: SocketEvent | str) -> None:
        """Send a message, or anything else."""
        event = TextMessage(data=event) if isinstance(event, str) else event
        await self.send_bytes(self._connection.send(event))

    async def send_bytes(self, data: bytes) -> None:
        """Send what wsproto would not."""
        connection = self.h2.connection
        for at in range(0, len(data), _PIECE):
            piece = data[at : at + _PIECE]
            while connection.local_flow_control_window(self.stream) < len(piece):
                await self._hear()
            connection.send_data(self.stream, piece)
            await self.h2.flush()

    async def receive(self) -> SocketEvent:
        """Return the next thing that the server says, a message whole."""
        data: Any = None
        while True:
            for event in self._connection.events():
                if not isinstance(event, Message):
                    return event
                data = event.data if data is None else data + event.data
                if event.message_finished:
                    return type(event)(data=data)
            await self._hear()
            if self._owed and not self.is_over:
                self.h2.connection.acknowledge_received_data(self._owed, self.stream)
                self._owed = 0
                await self.h2.flush()

    async def over(self) -> None:
        """Wait for the end of the stream."""
        while not self.is_over:
            await self._hear()

    async def _hear(self) -> None:
        async with asyncio.timeout(PATIENCE):
            data = await self.h2.client.reader.read(65_536)
        assert data
        events = self.h2.connection.receive_data(data)
        await self.h2.flush()
        for take in self.h2.takers:
            take(events)

    def _take(self, events: list[Event]) -> None:
        mine = [each for each in events if getattr(each, "stream_id", None) == self.stream]
        self.fields = self.fields or answer(mine)
        for event in mine:
            if isinstance(event, DataReceived) and event.data:
                self._connection.receive_data(event.data)
                self._owed += event.flow_controlled_length or 0
            elif isinstance(event, StreamReset):
                self.reset = int(event.error_code or 0)
                self.is_over = True
            elif isinstance(event, StreamEnded):
                self.is_over = True


async def closing(socket: Socket) -> CloseConnection:
    """Return how the server closes."""
    event = await socket.receive()
    assert isinstance(event, CloseConnection)
    return event
