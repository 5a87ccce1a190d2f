"""Accepting connections, and ending them."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from snake.transport.asgi import AbortError, Receive, Scope, Send
from tests.transport.wire import GET, PATIENCE, hello, serving, until


class Gate:
    """An app that answers when it is let."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say that a request is here; answer it when the gate is open."""
        self.began.set()
        await self.open.wait()
        await hello(scope, receive, send)


async def test_pause() -> None:
    """While accepting is paused clients wait; nobody is refused."""
    async with serving(hello) as server:
        server.serving.pause()
        async with server.client() as client:
            await client.send(GET)
            assert server.serving.connections == 0
            server.serving.resume()
            assert (await client.response()).body == b"hello"
            assert server.serving.connections == 1


async def test_drain() -> None:
    """Draining closes who is idle at once, and who is being answered after the answer."""
    app = Gate()
    async with serving(app) as server, server.client() as idle, server.client() as busy:
        await busy.send(GET)
        await app.began.wait()
        drained = asyncio.create_task(server.serving.drain(PATIENCE))
        await idle.closed()
        assert not drained.done()
        app.open.set()
        response = await busy.response()
        assert (response.status, response["connection"]) == (200, "close")
        await busy.closed()
        await drained


async def test_drain_of_kept_connection() -> None:
    """A connection between two requests is idle."""
    async with serving(hello) as server, server.client() as client:
        await client.send(GET)
        await client.response()
        await server.serving.drain(PATIENCE)
        await client.closed()


async def test_drain_during_stream() -> None:
    """A response whose head is out already is finished; then its connection closes."""
    go = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await go.wait()
        await send({"type": "http.response.body", "body": b"b"})

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        await client.reader.readuntil(b"\r\n\r\n")
        drained = asyncio.create_task(server.serving.drain(PATIENCE))
        await asyncio.sleep(0)
        go.set()
        assert await client.rest() == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
        await drained


async def test_grace_ends() -> None:
    """What is not done after the grace period is cut off and its app cancelled."""
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        await began.wait()
        await asyncio.wait_for(server.serving.drain(0.05), PATIENCE)
        assert cancelled.is_set()
        await client.closed()


async def test_drain_waits_for_background_work() -> None:
    """What an app does after its response belongs to the request."""
    done = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await hello(scope, receive, send)
        await asyncio.sleep(0.05)
        done.set()

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        await client.response()
        await server.serving.drain(PATIENCE)
        assert done.is_set()


async def test_abort() -> None:
    """`AbortError` closes the connection with no answer."""

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AbortError

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        await client.closed()


async def test_out_of_descriptors(caplog: pytest.LogCaptureFixture) -> None:
    """With no descriptor left, clients wait: one log line, no work, and then they are served."""
    async with serving(hello) as server, server.client() as first:
        await first.send(GET)
        await first.response()
        server.serving.pause()
        async with server.client() as waiting:
            await waiting.send(GET)
            with no_descriptors():
                server.serving.resume()
                await until(lambda: caplog.records)
                start = time.process_time()
                await asyncio.sleep(1.2)
                assert time.process_time() - start < 0.5
                assert [record.levelname for record in caplog.records] == ["ERROR"]
                await first.send(GET)
                assert (await first.response()).status == 200
            assert (await waiting.response()).body == b"hello"


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Use up all file descriptors of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    held = []
    try:
        with suppress(OSError):
            while True:
                held.append(os.dup(0))
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
