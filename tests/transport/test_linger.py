"""Draining for a reload: connections are left open for a while, as a request may be on its way."""

from __future__ import annotations

import asyncio

import pytest
import websockets
from h2.events import StreamEnded
from hyperframe.frame import GoAwayFrame
from websockets.asyncio.client import connect

from snake.transport.asgi import Receive, Scope, Send
from tests.transport.frames import FIELDS, H2
from tests.transport.test_websocket import Mirror
from tests.transport.wire import GET, PATIENCE, hello, serving, until

GOAWAY = GoAwayFrame(0, last_stream_id=2**31 - 1).serialize()


async def test_what_still_comes_is_answered_for_the_last_time() -> None:
    """A new connection and a kept one both get their answer, which says that it is the last."""
    async with serving(hello) as server, server.client() as new, server.client() as kept:
        await kept.send(GET)
        assert (await kept.response()).status == 200
        await until(lambda: server.serving.connections == 2)
        drained = asyncio.create_task(server.serving.drain(None, PATIENCE))
        await asyncio.sleep(0.05)
        for client in (new, kept):
            await client.send(GET)
            assert (await client.response())["connection"] == "close"
            await client.closed()
        await drained


async def test_a_stream_is_no_last_answer() -> None:
    """After a response whose head promised another one, the connection waits for a request."""
    began, go = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if began.is_set():
            await hello(scope, receive, send)
            return
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        began.set()
        await go.wait()
        await send({"type": "http.response.body", "body": b"b"})

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        await began.wait()
        drained = asyncio.create_task(server.serving.drain(None, PATIENCE))
        await asyncio.sleep(0.05)
        go.set()
        assert (await client.response()).body == b"ab"
        await client.send(GET)
        assert (await client.response())["connection"] == "close"
        await drained


@pytest.mark.parametrize("hurry", [True, False])
async def test_it_ends(*, hurry: bool) -> None:
    """Idle connections are closed when the time is over, or when there is hurry."""
    async with serving(hello) as server, server.client() as client:
        await client.send(GET)
        await client.response()
        drained = asyncio.create_task(server.serving.drain(None, PATIENCE if hurry else 0.05))
        if hurry:
            await asyncio.sleep(0.05)
            server.serving.hasten()
        await asyncio.wait_for(drained, PATIENCE / 2)
        await client.closed()


async def test_http2_is_told_to_go_elsewhere() -> None:
    """A client gets GOAWAY, and what it had sent before it saw that is answered."""
    async with serving(hello) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(FIELDS)
        await h2.until(StreamEnded)
        drained = asyncio.create_task(server.serving.drain(None, PATIENCE))
        await asyncio.sleep(0.05)
        await h2.request(FIELDS)
        data = b""
        while not (GOAWAY in data and b"hello" in data):
            data += await asyncio.wait_for(client.reader.read(65536), PATIENCE)
        server.serving.hasten()
        await drained


async def test_websockets_go_on_until_the_grace_period_ends() -> None:
    """A WebSocket is closed with 1012 shortly before the end, not when lingering is over."""
    async with serving(Mirror()) as server, connect(f"ws:{server.url}") as ws:
        await ws.send("a")
        assert await ws.recv() == "a"
        drained = asyncio.create_task(server.serving.drain(1.4, 0.05))
        await asyncio.sleep(0.2)
        await ws.send("b")
        assert await ws.recv() == "b"
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await ws.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        await drained
