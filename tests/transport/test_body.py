"""Request bodies: who waits for whom, and what becomes of one that nobody wants."""

from __future__ import annotations

import asyncio

from snake.transport.asgi import Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.wire import GET, PATIENCE, echo, hello, serving, steady, whole_body

EXPECT = b"POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"


async def test_expect_continue() -> None:
    """The client is told to continue when the app first asks for the body."""
    async with serving(echo) as server, server.client() as client:
        await client.send(EXPECT)
        assert (await client.response()).status == 100
        await client.send(b"hello" + GET)
        assert (await client.response()).body == b"POST /p hello"
        assert (await client.response()).body == b"GET / "


async def test_expect_with_body() -> None:
    """A client that sends the body at once is not told to."""
    async with serving(echo) as server, server.client() as client:
        await client.send(EXPECT + b"hello")
        assert (await client.response()).body == b"POST /p hello"


async def test_expect_unwanted() -> None:
    """Without an interest in the body the answer comes at once, and closes."""
    async with serving(hello) as server, server.client() as client:
        await client.send(EXPECT)
        assert (await client.response())["connection"] == "close"
        await client.closed()


async def test_expect_without_body() -> None:
    """An expectation without a body is none."""
    async with serving(echo) as server, server.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
        assert (await client.response()).status == 200


async def test_early_response() -> None:
    """A response before the body was read: the body is dropped, not taken for a request."""
    async with serving(hello) as server, server.client() as client:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (len(GET) * 2)
        await client.send(head)
        assert (await client.response()).body == b"hello"
        await client.send(GET)
        await client.send(GET)
        await client.send(GET)
        assert (await client.response()).body == b"hello"
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await client.response()).body == b"hello"
        await client.closed()


async def test_early_response_to_much() -> None:
    """A long body that nobody reads closes the connection; the answer still arrives."""
    async with serving(hello) as server, server.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n")
        await client.send(b"x" * 100_000)
        assert (await client.response())["connection"] == "close"
        await client.closed()


async def test_early_response_to_endless() -> None:
    """A body in chunks that nobody reads is read for a while, then the connection closes."""
    async with serving(hello) as server, server.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await client.response()).body == b"hello"
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        async with asyncio.timeout(PATIENCE):
            try:
                while not client.reader.at_eof():
                    await client.send(chunk)
                    await asyncio.sleep(0)
            except ConnectionError:
                pass


async def test_reading_pauses() -> None:
    """A body is not read faster than the app takes it."""
    go = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        body = await whole_body(receive)
        assert len(body) == size
        await hello(scope, receive, send)

    size = 30_000_000
    async with serving(app, Settings(read_high_water=10_000)) as server, server.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        client.writer.write(b"x" * size)
        left = await steady(client.writer.transport.get_write_buffer_size)
        assert left > size / 2
        go.set()
        assert (await client.response()).body == b"hello"


async def test_pipelining_pauses() -> None:
    """While a request is answered no more of the next ones is kept than one read brings."""
    go = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await hello(scope, receive, send)

    count = 100_000
    async with serving(app) as server, server.client() as client:
        client.writer.write(GET * count)
        await steady(client.writer.transport.get_write_buffer_size)
        assert server.kept < 1_000_000
