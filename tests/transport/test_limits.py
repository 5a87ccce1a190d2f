"""Clients that are too slow with one request: silent, or dripping below a rate."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest
from h2.events import StreamEnded, StreamReset

from snake.transport.asgi import CLIENT, ASGIApp, Receive, Scope, Send
from snake.transport.limits import Limits, Pace
from snake.transport.settings import Settings
from tests.transport.frames import FIELDS, H2, answer
from tests.transport.wire import PATIENCE, Client, echo, serving, until

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("limits", "idle", "waited", "count", "slow"),
    [
        (Limits(), 1e9, 1e9, 0, False),
        (Limits(1), 0.9, 100, 0, False),
        (Limits(1), 1.1, 1.1, 1000, True),
        (Limits(1, 100), 0.1, 0.9, 0, False),
        (Limits(1, 100), 0.1, 1.1, 0, True),
        (Limits(1, 100), 0.1, 9, 1000, False),
        (Limits(1, 100), 0.1, 11.1, 1000, True),
        (Limits(1, 100), 5, 9, 1000, False),
        (Limits(None, 100), 5, 1e9, 0, False),
        (Limits(1, -5), 0.5, 100, 0, False),
    ],
)
def test_arithmetic(limits: Limits, idle: float, waited: float, count: int, slow: bool) -> None:  # noqa: FBT001
    """Without a rate a silence counts, with one all the time, to which each byte adds."""
    pace = Pace()
    pace.sending, pace.sent = waited, count
    assert limits.send_too_slowly(idle, pace) is slow
    pace = Pace()
    pace.taking, pace.taken = waited, count
    mirrored = Limits(None, 0, limits.read_timeout, limits.read_min_rate)
    assert mirrored.take_too_slowly(idle, pace) is slow


def with_limits(app: ASGIApp, **limits: Any) -> ASGIApp:
    """Return an app that sets limits for each of its requests."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"][CLIENT].limit(Limits(**limits))
        await app(scope, receive, send)

    return limited


async def drip(client: Client, count: int, every: float, size: int = 1) -> None:
    """Send a body in small pieces, as long as the server takes it."""
    with suppress(ConnectionError, RuntimeError):
        for _ in range(count):
            await client.send(b"x" * size)
            await asyncio.sleep(every)


@pytest.mark.parametrize("own", [False, True])
async def test_dripping_body(own: bool) -> None:  # noqa: FBT001
    """A body below the rate is a 408, though it never pauses; one above it is not."""
    rated = {"read_idle_timeout": 0.3, "read_min_rate": 1000}
    app = with_limits(echo, read_timeout=0.3, read_min_rate=1000) if own else echo
    settings = Settings() if own else Settings(**rated)  # type: ignore[arg-type]
    async with serving(app, settings) as server:
        async with server.client() as client:
            await client.send(HEAD % 1000)
            dripping = asyncio.create_task(drip(client, 1000, 0.01))
            assert (await client.response()).status == 408
            await dripping
        async with server.client() as client:
            await client.send(HEAD % 3000)
            dripping = asyncio.create_task(drip(client, 60, 0.01, 50))
            assert (await client.response()).status == 200
            await dripping


@pytest.mark.parametrize("own", [False, True])
async def test_dripping_reader(own: bool) -> None:  # noqa: FBT001
    """A client that takes less than the rate is cut off, though it never pauses."""

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200})
        while True:
            await send({"type": "http.response.body", "body": b"x" * 10_000, "more_body": True})

    rate = 10_000_000
    app = with_limits(endless, write_timeout=0.3, write_min_rate=rate) if own else endless
    settings = Settings() if own else Settings(write_idle_timeout=0.3, write_min_rate=rate)
    async with serving(app, settings) as server:
        loop = asyncio.get_running_loop()
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
            sock.setblocking(False)  # noqa: FBT003
            await loop.sock_connect(sock, server.address)
            await loop.sock_sendall(sock, GET)
            async with asyncio.timeout(PATIENCE):
                with suppress(ConnectionError):
                    while await loop.sock_recv(sock, 1000):  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
        await until(lambda: not server.serving.connections)


async def test_smaller_limit_counts() -> None:
    """The server's limit holds beside that of the request."""
    for app, settings in (
        (with_limits(echo, read_timeout=0.1), Settings(read_idle_timeout=60)),
        (with_limits(echo, read_timeout=60), Settings(read_idle_timeout=0.1)),
        (with_limits(echo, read_timeout=0.1), Settings(read_idle_timeout=None)),
    ):
        async with serving(app, settings) as server, server.client() as client:
            await client.send(HEAD % 10)
            assert (await client.response()).status == 408


async def test_limit_is_of_one_request() -> None:
    """The next request on the connection is as slow as it likes."""
    limits = [Limits(0.1), Limits()]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"][CLIENT].limit(limits.pop(0))
        await echo(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        await client.send(HEAD % 1 + b"x")
        assert (await client.response()).status == 200
        await client.send(HEAD % 1)
        await asyncio.sleep(0.5)
        await client.send(b"x")
        assert (await client.response()).status == 200


async def test_time_of_the_app_is_not_the_clients() -> None:
    """While the app does not want the body, no time counts."""

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.5)
        await echo(scope, receive, send)

    settings = Settings(read_idle_timeout=0.2, read_min_rate=1000, read_high_water=1)
    async with serving(late, settings) as server, server.client() as client:
        await client.send(HEAD % 200_000 + b"x" * 100_000)
        await asyncio.sleep(0.6)
        await client.send(b"x" * 100_000)
        assert (await client.response()).status == 200


@pytest.mark.parametrize("own", [False, True])
async def test_dripping_http2(own: bool) -> None:  # noqa: FBT001
    """Over HTTP/2 a dripping body is a reset of its stream, and of no other."""
    app = with_limits(echo, read_timeout=0.3, read_min_rate=1000) if own else echo
    settings = Settings() if own else Settings(read_idle_timeout=0.3, read_min_rate=1000)
    async with serving(app, settings) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        stream = h2.connection.get_next_available_stream_id()
        fields = [(":method", "POST"), *FIELDS[1:3], (":path", "/")]
        h2.connection.send_headers(stream, fields)

        async def dripping() -> None:
            for _ in range(200):
                h2.connection.send_data(stream, b"x")
                await h2.flush()
                await asyncio.sleep(0.01)

        task = asyncio.create_task(dripping())
        await h2.until(StreamReset)
        task.cancel()
        await h2.request([*FIELDS[:3], (":path", "/")])
        assert answer(await h2.until(StreamEnded))[b":status"] == b"200"


async def test_client_that_leaves_with_its_body_unsent() -> None:
    """A client that was answered, and closes with its body half sent, is gone at once."""

    async def early(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"early"})

    async with serving(early) as server:
        async with server.client() as client:
            await client.send(HEAD % 100 + b"half")
            assert (await client.response()).body == b"early"
            client.half_close()
            await client.closed()
        await until(lambda: not server.serving.connections)
        async with server.client() as client:
            await client.send(HEAD % 100 + b"half")
            assert (await client.response()).body == b"early"
            async with asyncio.timeout(5):
                await server.serving.drain(None)
