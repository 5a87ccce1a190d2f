"""Clients and apps that would hold the loop or the memory: each gets a bounded share."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

from snake.transport.asgi import ClientDisconnectedError, Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.wire import GET, PATIENCE, hello, serving, steady, until

MEGABYTE = 1_000_000
SHORT = 0.1


def flood(size: int) -> object:
    """Return an app that sends pieces for ever on `/`, and never waits for anything else."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/":
            await hello(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200})
        while True:
            await send({"type": "http.response.body", "body": b"x" * size, "more_body": True})

    return app


@pytest.mark.parametrize("size", [0, 1, 1000, 100_000])
async def test_endless_sender(size: int) -> None:
    """An app that only sends does not keep others waiting, be its client quick or gone."""
    async with (
        serving(flood(size)) as server,  # type: ignore[arg-type]
        server.client() as quick,
        server.client() as other,
    ):
        await quick.send(GET)
        reading = asyncio.create_task(quick.reader.read())
        for _ in range(10):
            await other.send(GET.replace(b"/ ", b"/ok "))
            assert (await other.response()).status == 200
        reading.cancel()


async def test_endless_sender_whose_client_resets() -> None:
    """It hears of it at the next `send`, and ends."""
    async with serving(flood(1000)) as server:  # type: ignore[arg-type]
        for _ in range(5):
            async with server.client() as client:
                await client.send(GET)
                client.reset()
        await until(lambda: not server.serving.tasks and not server.serving.connections)


async def test_pipelining_without_reading() -> None:
    """No request begins while the client has not taken the answers before it."""
    began = 0

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal began
        began += 1
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"x" * MEGABYTE})

    async with serving(app) as server, server.client() as client:
        await client.send(GET * 500)
        assert await steady(lambda: began) < 100
        for _ in range(500):
            assert len((await client.response()).body) == MEGABYTE
        await client.send(GET)
        assert (await client.response()).status == 200


async def test_half_closed_pipelining_without_reading() -> None:
    """The same client that has shut down its side gets every answer, and then the end."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"x" * MEGABYTE})

    async with serving(app) as server, server.client() as client:
        await client.send(GET * 20)
        client.half_close()
        await asyncio.sleep(SHORT)
        for _ in range(20):
            assert len((await client.response()).body) == MEGABYTE
        await client.closed()


async def test_unread_answer_of_an_idle_connection() -> None:
    """An answer that nobody takes goes with `write_idle_timeout`, though the request is over."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"x" * 50 * MEGABYTE})

    settings = Settings(write_idle_timeout=SHORT)
    async with serving(app, settings) as server, server.client() as client:
        await client.send(GET)
        await until(lambda: server.serving.connections)
        await until(lambda: not server.serving.connections)


async def test_slow_taker_is_not_idle() -> None:
    """An idle timeout begins when the answer is taken."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"x" * 20 * MEGABYTE})

    settings = Settings(idle_timeout=SHORT)
    async with serving(app, settings) as server, server.client() as client:
        await client.send(GET)
        await asyncio.sleep(SHORT * 4)
        assert len((await client.response()).body) == 20 * MEGABYTE
        await client.send(GET)
        assert (await client.response()).status == 200


async def test_reset_behind_what_waits() -> None:
    """A client that sent more and then resets is a disconnect as well."""
    began, ended = asyncio.Event(), asyncio.Event()

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        began.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()

    settings = Settings(write_idle_timeout=SHORT)  # makes the clock tick quickly
    async with serving(app, settings) as server, server.client() as client:
        await client.send(GET + b"G")
        await began.wait()
        await asyncio.sleep(SHORT)
        assert not ended.is_set()
        client.reset()
        await asyncio.wait_for(ended.wait(), PATIENCE)


async def test_send_in_the_turn_of_the_reset() -> None:
    """`send` raises in the same turn of the loop in which it found that the client is gone."""
    raised = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * 10, "more_body": True})
        except ClientDisconnectedError:
            raised.set()
            raise

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        client.reset()
        await asyncio.wait_for(raised.wait(), PATIENCE)


async def test_memory_of_idle_connections() -> None:
    """Three hundred clients that say nothing cost a few kilobytes each."""
    async with serving(hello) as server:
        tracemalloc.start()
        try:
            pairs = [await asyncio.open_connection(*server.address) for _ in range(300)]
            await until(lambda: server.serving.connections == 300)
            used = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        for _, writer in pairs:
            writer.transport.abort()
    assert used / 300 < 20_000
