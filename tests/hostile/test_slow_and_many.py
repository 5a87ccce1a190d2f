"""Clients that are slow, silent or many: each costs little, and none costs the others."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from snake.transport.settings import Settings
from tests.transport.wire import GET, Client, Server, hello, serving, until

IMPATIENT = Settings(
    read_header_timeout=0.3, read_idle_timeout=0.3, write_idle_timeout=0.3, idle_timeout=0.3
)


async def answered(server: Server) -> bool:
    """Whether an ordinary client is served."""
    async with server.client() as client:
        await client.send(GET)
        return (await client.response()).status == 200


async def drip(client: Client, data: bytes) -> None:
    """Send one byte at a time, without end, until the server closes."""
    await client.send(data)
    try:
        while True:
            await client.send(b"x")
            await asyncio.sleep(0.02)
    except ConnectionError:
        pass


async def test_slow_headers() -> None:
    """A hundred clients that send a head byte by byte are gone in time, and hinder nobody."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(hello, IMPATIENT))
        clients = [await stack.enter_async_context(server.client()) for _ in range(100)]
        drips = [asyncio.create_task(drip(client, b"GET / HTTP/1.1\r\nX: ")) for client in clients]
        await until(lambda: server.serving.connections == 100)
        assert await answered(server)
        await until(lambda: server.serving.connections == 0)
        await asyncio.gather(*drips)


async def test_every_silence_ends() -> None:
    """Wherever a client falls silent, its connection ends (Caddy #7913)."""
    request = (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: a"
    )
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(hello, IMPATIENT))
        for at in range(0, len(request), 5):
            client = await stack.enter_async_context(server.client())
            await client.send(request[:at])
        await until(lambda: server.serving.connections)
        await until(lambda: server.serving.connections == 0)


async def test_many_idle_connections() -> None:
    """Connections on which nothing happens cost next to no time."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(hello))
        for _ in range(300):
            await stack.enter_async_context(server.client())
        await until(lambda: server.serving.connections == 300)
        start = time.process_time()
        await asyncio.sleep(1)
        assert time.process_time() - start < 0.2
        assert await answered(server)


async def test_nothing_ticks_without_connections() -> None:
    """A server that nobody talks to does not wake up."""
    async with serving(hello, IMPATIENT) as server:
        assert await answered(server)
        await until(lambda: server.serving.connections == 0)
        assert server.serving.clock._handle is None  # noqa: SLF001


async def test_pipelined_flood() -> None:
    """Ten thousand requests at once are ten thousand answers, one after the other."""
    async with serving(hello) as server, server.client() as client:
        sending = asyncio.create_task(client.send(GET * 10_000))
        for _ in range(10_000):
            assert (await client.response()).status == 200
        await sending
