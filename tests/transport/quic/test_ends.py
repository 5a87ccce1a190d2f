"""HTTP/3: how requests and connections end that do not end by themselves."""

from __future__ import annotations

import asyncio

from aioquic.h3.connection import ErrorCode

from snake.transport.asgi import Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.quic.client import head, serving
from tests.transport.wire import PATIENCE, echo


async def test_slow_body() -> None:
    """A client that sends nothing of its body for too long loses the stream."""
    async with (
        serving(echo, Settings(read_idle_timeout=0.2)) as server,
        server.client() as client,
    ):
        at = client.send(head("POST"), b"x", end=False)
        assert (await client.answer(at)).reset == ErrorCode.H3_REQUEST_CANCELLED
        assert (await client.get()).status == 200


async def test_slow_reader() -> None:
    """A client that takes nothing of a response for too long loses the stream."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        size = 1_000_000 if scope["path"] == "/big" else 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(size)})

    async with (
        serving(app, Settings(write_idle_timeout=0.2)) as server,
        server.client(max_stream_data=10_000) as client,
    ):
        client.quic._write_stream_limits = lambda *_, **__: None
        at = client.send(head("GET", "/big"))
        assert (await client.answer(at)).reset == ErrorCode.H3_REQUEST_CANCELLED
        assert (await client.get()).status == 200


async def test_drain() -> None:
    """A server that stops finishes what it answers, takes nothing new, and closes."""
    go = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await echo(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        first = client.send(head("GET", "/first"))
        await asyncio.sleep(0.05)
        draining = asyncio.create_task(server.endpoint.drain(10))
        await asyncio.sleep(0.05)
        late = client.send(head("GET", "/late"))
        assert (await client.answer(late)).reset == ErrorCode.H3_REQUEST_REJECTED
        go.set()
        assert (await client.answer(first)).body == b"GET /first "
        ended = await client.closed()
        assert ended.error_code == ErrorCode.H3_NO_ERROR
        async with asyncio.timeout(PATIENCE):
            await draining
        assert server.endpoint.connections == 0


async def test_drain_cuts_off() -> None:
    """What does not end within the grace period is cut off."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        await asyncio.Event().wait()

    async with serving(app) as server, server.client() as client:
        client.send(head())
        await asyncio.sleep(0.05)
        async with asyncio.timeout(PATIENCE):
            await server.endpoint.drain(0.1)
        await client.closed()
