"""WebSockets over HTTP/3 (RFC 9220): each is a stream."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aioquic.h3.connection import ErrorCode, Setting
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, Pong, TextMessage

from snake.transport.asgi import Receive, Scope, Send
from tests.transport.quic.client import Client, Fields, head, serving
from tests.transport.test_websocket import Mirror
from tests.transport.wire import PATIENCE, hello, until

CONNECT: Fields = [
    (b":method", b"CONNECT"),
    (b":protocol", b"websocket"),
    (b":scheme", b"https"),
    (b":authority", b"a.test"),
    (b":path", b"/ws?x"),
    (b"sec-websocket-version", b"13"),
]


class Socket:
    """One WebSocket."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.stream = -1
        self._heard = 0
        self._connection = Connection(ConnectionType.CLIENT)

    async def open(self, fields: Fields = CONNECT) -> int:
        """Ask; return the status of the answer."""
        self.stream = self.client.send(fields, end=False)
        response = self.client.response(self.stream)
        await self.client.until(lambda: response.fields or response.reset is not None)
        return response.status if response.fields else 0

    def send(self, event: Any) -> None:
        """Send something."""
        self.client.http3.send_data(self.stream, self._connection.send(event), end_stream=False)
        self.client.transmit()

    async def receive(self) -> Event:
        """Return the next thing that the server says, a message whole."""
        response = self.client.response(self.stream)
        data: Any = None
        while True:
            for event in self._connection.events():
                if not isinstance(event, Message):
                    return event
                data = event.data if data is None else data + event.data
                if event.message_finished:
                    return type(event)(data=data)
            await self.client.until(lambda: len(response.body) > self._heard)
            self._connection.receive_data(response.body[self._heard :])
            self._heard = len(response.body)


async def test_messages() -> None:
    """Texts, bytes and pings go both ways, beside each other and beside requests."""
    app = Mirror()
    async with serving(app) as server, server.client() as client:
        first, second = Socket(client), Socket(client)
        assert (await first.open(), await second.open()) == (200, 200)
        second.send(TextMessage(data="two"))
        assert await second.receive() == TextMessage(data="two")
        first.send(BytesMessage(data=bytes(400_000)))
        assert await first.receive() == BytesMessage(data=bytes(400_000))
        first.send(Ping(payload=b"p"))
        assert await first.receive() == Pong(payload=b"p")
        settings = client.http3.received_settings or {}
        assert settings[Setting.ENABLE_CONNECT_PROTOCOL] == 1
    assert (app.scope["type"], app.scope["scheme"]) == ("websocket", "wss")
    assert (app.scope["path"], app.scope["query_string"]) == ("/ws", b"x")
    assert app.scope["http_version"] == "3"


async def test_ends() -> None:
    """Either side closes, or the client is gone: the app hears of it, with the code."""
    app = Mirror()
    async with serving(app) as server, server.client() as client:
        socket = Socket(client)
        await socket.open()
        socket.send(CloseConnection(code=4000, reason="bye"))
        assert await socket.receive() == CloseConnection(code=4000, reason="bye")
        await until(lambda: (app.ended or {}).get("code") == 4000)
        app.ended = None
        socket = Socket(client)
        await socket.open()
        socket.send(TextMessage(data="close"))
        assert await socket.receive() == CloseConnection(code=4001, reason="asked")
        app.ended = None
        socket = Socket(client)
        await socket.open()
        client.quic.reset_stream(socket.stream, ErrorCode.H3_REQUEST_CANCELLED)
        client.transmit()
        await until(lambda: (app.ended or {}).get("code") == 1006)


async def test_refused() -> None:
    """An app may refuse one; what is none is no request, or for nobody here."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await hello(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close"})

    async with serving(app) as server, server.client() as client:
        assert await Socket(client).open() == 403
        other = [field if field[0] != b":protocol" else (b":protocol", b"x") for field in CONNECT]
        assert await Socket(client).open(other) == 501
        assert (await client.get()).status == 200
        response = await client.request([*head(), (b":protocol", b"websocket")][-1:] + head())
        assert response.reset == ErrorCode.H3_MESSAGE_ERROR


@pytest.mark.slow
async def test_drain() -> None:
    """A server that stops closes its WebSockets with 1012."""
    app = Mirror()
    async with serving(app) as server, server.client() as client:
        socket = Socket(client)
        await socket.open()
        draining = asyncio.create_task(server.endpoint.drain(5))
        closing = await socket.receive()
        assert isinstance(closing, CloseConnection)
        assert closing.code == 1012
        socket.send(closing.response())
        async with asyncio.timeout(PATIENCE):
            await draining


async def test_that_sends_without_end() -> None:
    """A WebSocket whose app does not read stops its client, and nobody else."""
    never = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await hello(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        await never.wait()

    async with serving(app) as server, server.client() as client:
        socket = Socket(client)
        await socket.open()
        for _ in range(30):
            socket.send(BytesMessage(data=bytes(50_000)))
        sender = client.quic._streams[socket.stream].sender
        await asyncio.sleep(0.5)
        assert sender.highest_offset < 800_000
        assert (await client.get()).status == 200
        never.set()


@pytest.mark.slow
async def test_reload() -> None:
    """While others take over, a WebSocket goes on until shortly before the grace period's end.

    Its client is asked to go elsewhere with all else.
    """
    app = Mirror()
    async with serving(app) as server, server.client() as client:
        socket = Socket(client)
        await socket.open()
        draining = asyncio.create_task(server.endpoint.drain(1.5, 0.05))
        await asyncio.sleep(0.2)
        socket.send(TextMessage(data="still"))
        assert await socket.receive() == TextMessage(data="still")
        closing = await socket.receive()
        assert isinstance(closing, CloseConnection)
        assert closing.code == 1012
        socket.send(closing.response())
        async with asyncio.timeout(PATIENCE):
            await draining
