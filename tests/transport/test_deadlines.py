"""What a connection may wait for, with timeouts small enough to be waited out."""

from __future__ import annotations

import asyncio
import time

import pytest

from snake.transport.asgi import Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.wire import GET, PATIENCE, Client, echo, hello, serving, until

SHORT = 0.1
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nh"


async def trickle(client: Client, every: float) -> None:
    """Send one byte at a time until the server has enough of it."""
    try:
        while not client.reader.at_eof():
            await client.send(b"x")
            await asyncio.sleep(every)
    except ConnectionError:
        pass


async def test_silent_connection() -> None:
    """A client that never says anything is closed without a word, as by Caddy."""
    settings = Settings(read_header_timeout=SHORT)
    start = time.monotonic()
    async with serving(hello, settings) as server, server.client() as client:
        assert await client.rest() == b""
        assert time.monotonic() - start >= SHORT


async def test_first_client_after_a_while() -> None:
    """Time in which nobody was connected is nobody's time."""
    settings = Settings(read_header_timeout=SHORT, idle_timeout=SHORT)
    async with serving(hello, settings) as server:
        for _ in range(2):
            await asyncio.sleep(SHORT * 3)
            async with server.client() as client:
                await asyncio.sleep(SHORT / 2)
                await client.send(GET)
                assert (await client.response()).status == 200
            await until(lambda: not server.serving.connections)


async def test_half_a_head() -> None:
    """A client that does not finish its head gets Caddy's 400, however it drips."""
    settings = Settings(read_header_timeout=SHORT)
    async with serving(hello, settings) as server, server.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-")
        task = asyncio.create_task(trickle(client, SHORT / 10))
        response = await client.response()
        assert (response.status, response["connection"]) == (400, "close")
        await client.closed()
        await task


async def test_idle() -> None:
    """Between two requests the idle timeout counts, from the end of the last one."""
    settings = Settings(idle_timeout=SHORT, read_header_timeout=60)
    async with serving(hello, settings) as server, server.client() as client:
        await client.send(GET)
        await client.response()
        start = time.monotonic()
        await client.closed()
        assert SHORT <= time.monotonic() - start < PATIENCE


async def test_half_a_second_head() -> None:
    """Once a second head has begun, its own timeout counts."""
    settings = Settings(idle_timeout=60, read_header_timeout=SHORT)
    async with serving(hello, settings) as server, server.client() as client:
        await client.send(GET + b"GET /")
        assert (await client.response()).status == 200
        assert (await client.response()).status == 400


async def test_body_stalls() -> None:
    """A body that stops coming is a 408, and a disconnect for the app."""
    gone = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        assert (await receive())["body"] == b"h"
        assert (await receive())["type"] == "http.disconnect"
        gone.set()

    settings = Settings(read_idle_timeout=SHORT)
    async with serving(app, settings) as server, server.client() as client:
        await client.send(POST)
        assert (await client.response()).status == 408
        await client.closed()
        await asyncio.wait_for(gone.wait(), PATIENCE)


async def test_body_trickles() -> None:
    """A body that comes byte by byte is taken, unless there is a limit for the whole."""
    settings = Settings(read_idle_timeout=SHORT)
    async with serving(echo, settings) as server, server.client() as client:
        await client.send(POST)
        for _ in range(49):
            await client.send(b"x")
            await asyncio.sleep(SHORT / 20)
        assert (await client.response()).status == 200
    async with serving(echo, Settings(read_timeout=SHORT)) as server, server.client() as client:
        await client.send(POST)
        task = asyncio.create_task(trickle(client, SHORT / 10))
        assert (await client.response()).status == 408
        await client.closed()
        await task


async def test_unwanted_body_stalls() -> None:
    """A body that nobody wants is not waited for any longer than one that somebody does."""
    settings = Settings(read_idle_timeout=SHORT)
    async with serving(hello, settings) as server, server.client() as client:
        await client.send(POST)
        assert (await client.response()).status == 200
        await client.closed()


async def test_app_may_be_slow() -> None:
    """No timeout counts while the app thinks, or leaves the body where it is."""
    settings = Settings(read_idle_timeout=0.05, idle_timeout=0.05, read_header_timeout=0.05)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        await echo(scope, receive, send)

    async with serving(app, settings) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).status == 200


@pytest.mark.parametrize(
    "settings", [Settings(write_idle_timeout=SHORT), Settings(write_timeout=SHORT)]
)
async def test_client_takes_nothing(settings: Settings) -> None:
    """A client that does not take its response is cut off, and the app is told."""
    ended = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * 99_999, "more_body": True})
        finally:
            ended.set()

    async with serving(app, settings) as server, server.client() as client:
        await client.send(GET)
        await asyncio.wait_for(ended.wait(), PATIENCE)


async def test_response_waits_for_nobody() -> None:
    """A whole response that the client does not take goes the same way."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"x" * 50_000_000})

    settings = Settings(write_idle_timeout=SHORT)
    async with serving(app, settings) as server, server.client() as client:
        await client.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await until(lambda: server.serving.connections)
        await until(lambda: not server.serving.connections)


async def test_no_timeouts() -> None:
    """`None` is no limit."""
    settings = Settings(
        read_header_timeout=None,
        read_idle_timeout=None,
        write_idle_timeout=None,
        idle_timeout=None,
    )
    async with serving(hello, settings) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).status == 200
