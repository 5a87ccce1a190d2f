"""Clients and upstreams that are slow, silent or gone: a proxy holds little, and not for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest

from tests.proxy.proxying import OK, Peer, Upstream, site, upstream
from tests.transport.wire import GET, Client, Server, steady, until

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
MOST_HELD = 16_000_000
"""Bytes that may be under way: the buffers of two sockets, as large as the kernel makes them."""


async def endless(peer: Peer) -> None:
    """Answer without end, as fast as it is taken; any other path at once."""
    while True:
        if b"/endless" not in await peer.head():
            await peer.send(OK)
            continue
        await peer.send(HEAD)
        while True:
            await peer.send(PIECE)
            peer.upstream.asked.append(b"")


async def silent(peer: Peer) -> None:
    """Answer nothing, but for `/ok`."""
    while True:
        if b"/ok" in await peer.head():
            await peer.send(OK)
        else:
            await peer.rest()


async def deaf(peer: Peer) -> None:
    """Read the head of a request, and nothing of its body."""
    await peer.head()
    await asyncio.Event().wait()


async def dripping(peer: Peer) -> None:
    """Answer byte by byte, but for `/ok`."""
    while True:
        if b"/ok" in await peer.head():
            await peer.send(OK)
            continue
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await peer.send(b"x")
            await asyncio.sleep(0.05)


@asynccontextmanager
async def proxy(up: Upstream, **server: Any) -> AsyncIterator[Server]:
    """Serve a proxy to an upstream; the keywords are settings of the server."""
    handler = {"handler": "reverse_proxy", "upstreams": [{"dial": up.address}]}
    async with site(handler, **server) as running:
        yield running


def get(path: str) -> bytes:
    """Return a request."""
    return GET.replace(b" / ", f" {path} ".encode())


async def is_served(server: Server) -> bool:
    """Whether an ordinary client gets its answer."""
    async with server.client() as client:
        await client.send(get("/ok"))
        return (await client.response()).body == b"ok"


async def test_client_that_takes_nothing() -> None:
    """An endless response stops where its client does, and ends when the client leaves."""
    async with upstream(endless) as up, proxy(up) as server:
        async with server.client() as client:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await client.send(get("/endless"))
            await until(lambda: up.asked)
            assert await steady(lambda: len(up.asked)) * len(PIECE) < MOST_HELD
            assert await is_served(server)
        await until(lambda: server.serving.connections == 0)
        await until(lambda: up.open <= 1)


async def test_client_that_takes_nothing_is_let_go() -> None:
    """Who takes nothing for `write_idle_timeout` loses the connection, and the upstream is told."""
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(upstream(endless))
        server = await stack.enter_async_context(proxy(up, write_idle_timeout="300ms"))
        client = await stack.enter_async_context(server.client())
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(get("/endless"))
        await until(lambda: up.asked)
        await until(lambda: server.serving.connections == 0)
        await until(lambda: up.open == 0)


async def test_upstream_that_takes_nothing() -> None:
    """A body stops where the upstream does: it is not collected."""
    sent = 0

    async def pour(client: Client) -> None:
        nonlocal sent
        with suppress(ConnectionError):
            while True:
                await client.send(b"x" * 65_536)
                sent += 65_536

    async with upstream(deaf) as up, proxy(up) as server:
        async with server.client() as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
            pouring = asyncio.create_task(pour(client))
            await until(lambda: sent)
            assert await steady(lambda: sent) < MOST_HELD
            pouring.cancel()
            client.reset()
        await until(lambda: not server.serving.tasks)


@pytest.mark.parametrize("serve", [silent, dripping])
async def test_many_slow_answers(serve: Any) -> None:
    """Two hundred answers that do not come hinder nobody, and are given up with their clients."""
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(upstream(serve))
        server = await stack.enter_async_context(proxy(up))
        async with AsyncExitStack() as clients:
            for _ in range(200):
                client = await clients.enter_async_context(server.client())
                await client.send(get("/slow"))
            await until(lambda: up.open == 200)
            assert await is_served(server)
        await until(lambda: server.serving.connections == 0)
        await until(lambda: up.open <= 1)


@pytest.mark.parametrize("reset", [False, True])
async def test_client_gone_at_every_stage(reset: bool) -> None:  # noqa: FBT001
    """Wherever a client leaves its request, nothing of it is left: no task and no connection."""
    request = b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n" + b"x" * 30
    async with upstream(silent) as up, proxy(up) as server:
        for size in range(0, len(request) + 1, 3):
            async with server.client() as client:
                await client.send(request[:size])
                await asyncio.sleep(0.005)
                if reset:
                    client.reset()
        await until(lambda: server.serving.connections == 0)
        await until(lambda: not server.serving.tasks)
        await until(lambda: up.open <= 1)
        assert await is_served(server)


async def test_client_gone_within_a_response() -> None:
    """The same while the response comes."""
    async with upstream(endless) as up, proxy(up) as server:
        for turn in range(20):
            async with server.client() as client:
                await client.send(get("/endless"))
                await client.reader.readexactly(100 + 10_000 * turn)
                if turn % 2:
                    client.reset()
        await until(lambda: server.serving.connections == 0)
        await until(lambda: not server.serving.tasks)
        await until(lambda: up.open == 0)


async def test_drain_ends_with_the_clients() -> None:
    """An upstream that never answers does not hold up the end longer than the grace period."""
    async with upstream(silent) as up, proxy(up) as server, server.client() as client:
        await client.send(get("/slow"))
        await until(lambda: up.open == 1)
        async with asyncio.timeout(5):
            await server.serving.drain(0.2)
        await until(lambda: up.open == 0)
