"""A client that speaks HTTP/2 without TLS, over the bytes of `wire.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event, ResponseReceived

from tests.transport.wire import PATIENCE, Client

FIELDS = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/a%20b?q")]


class H2:
    """A client that speaks HTTP/2 from the first byte."""

    def __init__(self, client: Client) -> None:
        self.client = client
        config = H2Configuration(
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.connection = H2Connection(config)
        self.takers: list[Callable[[list[Event]], object]] = []
        """Who else wants to know what the server says (`sockets.py`)."""

    async def begin(self) -> None:
        """Send the preface."""
        self.connection.initiate_connection()
        await self.flush()

    async def flush(self) -> None:
        """Send what is to be sent."""
        await self.client.send(self.connection.data_to_send())

    async def request(self, fields: Any, body: bytes = b"") -> int:
        """Send a request; return its stream."""
        stream = self.connection.get_next_available_stream_id()
        self.connection.send_headers(stream, fields, end_stream=not body)
        if body:
            self.connection.send_data(stream, body, end_stream=True)
        await self.flush()
        return stream

    async def until(self, *kinds: type[Event]) -> list[Event]:
        """Return the events up to the first of one of these kinds."""
        events: list[Event] = []
        async with asyncio.timeout(PATIENCE):
            while not any(isinstance(event, kinds) for event in events):
                data = await self.client.reader.read(65536)
                assert data, events
                events += self.connection.receive_data(data)
                await self.flush()
        return events


def answer(events: list[Event]) -> dict[bytes, bytes]:
    """Return the fields of the response among these events, if there is one."""
    for event in events:
        if isinstance(event, ResponseReceived):
            return {bytes(name): bytes(value) for name, value in event.headers}
    return {}
