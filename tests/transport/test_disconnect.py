"""Clients that go away, wholly or by half; and clients that do not take their answer."""

from __future__ import annotations

import asyncio

import pytest

from snake.transport.asgi import ClientDisconnectedError, Message, Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.wire import GET, PATIENCE, echo, hello, serving, steady, until


class Watcher:
    """An app that waits for its client to go, and says what it saw."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Take messages until the client is gone; then answer all the same."""
        self.began.set()
        while True:
            message = await receive()
            await self.messages.put(message)
            if message["type"] == "http.disconnect":
                break
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"late"})

    async def seen(self) -> Message:
        """Return the next message that the app got."""
        return await asyncio.wait_for(self.messages.get(), PATIENCE)


async def test_half_close() -> None:
    """A client that only shuts down its own side gets its answer."""
    async with serving(echo) as server, server.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok" + GET)
        client.half_close()
        assert (await client.response()).body == b"POST / ok"
        assert (await client.response()).body == b"GET / "
        await client.closed()


async def test_half_close_is_told_and_sent_to() -> None:
    """An app hears at once that its client closed its side; what it sends arrives even so."""
    closed = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        gone = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200})
        for _ in range(3):
            await send({"type": "http.response.body", "body": b"tick", "more_body": True})
            await closed.wait()
            await asyncio.sleep(0.02)
        assert (await gone)["type"] == "http.disconnect"
        await send({"type": "http.response.body"})

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        await client.reader.readuntil(b"tick")
        client.half_close()
        closed.set()
        assert await client.rest() == b"\r\n4\r\ntick\r\n4\r\ntick\r\n0\r\n\r\n"


async def test_half_a_body() -> None:
    """A body that ends before its length is a disconnect, not an end."""
    app = Watcher()
    async with serving(app) as server, server.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
        assert await app.seen() == {"type": "http.request", "body": b"he", "more_body": True}
        client.half_close()
        assert await app.seen() == {"type": "http.disconnect"}


@pytest.mark.parametrize(
    "request_", [GET, GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\nh")]
)
async def test_reset(request_: bytes) -> None:
    """A client that is gone is a disconnect; nothing is logged about the app's late answer."""
    app = Watcher()
    async with serving(app) as server, server.client() as client:
        await client.send(request_)
        await app.began.wait()
        assert (await app.seen())["type"] == "http.request"
        client.reset()
        assert await app.seen() == {"type": "http.disconnect"}


async def send_forever(send: Send) -> None:
    """Send until that fails."""
    while True:
        await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        await asyncio.sleep(0)


async def test_send_after_disconnect(caplog: pytest.LogCaptureFixture) -> None:
    """`send` raises an `OSError` once the client is gone, and it is no failure of the app."""
    raised = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        with pytest.raises(ClientDisconnectedError) as caught:
            await send_forever(send)
        assert isinstance(caught.value, OSError)
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        raised.set()
        raise caught.value

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        await client.reader.readuntil(b"\r\n\r\n")
        client.reset()
        await asyncio.wait_for(raised.wait(), PATIENCE)
    assert not caplog.records


async def test_reset_at_every_stage() -> None:
    """Whenever a client resets, the next one is served and nothing is left of it."""
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    async with serving(echo) as server:
        for at in range(0, len(request) + 1, 3):
            async with server.client() as client:
                await client.send(request[:at])
                await asyncio.sleep(0)
                client.reset()
        async with server.client() as client:
            await client.send(GET)
            assert (await client.response()).status == 200
            await until(lambda: server.serving.connections == 1)


async def test_slow_reader() -> None:
    """`send` waits while the client does not read, so that little is kept for it."""
    sent = 0
    settings = Settings(write_high_water=100_000)

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200})
        for _ in range(500):
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
            sent += 100_000
        await send({"type": "http.response.body"})

    async with serving(app, settings) as server, server.client() as client:
        await client.send(GET)
        assert await steady(lambda: sent) < 30_000_000
        assert len((await client.response()).body) == 50_000_000


async def test_next_request_after_disconnect() -> None:
    """One client's end is nothing to another."""
    async with serving(hello) as server, server.client() as one, server.client() as other:
        await one.send(GET[:10])
        one.reset()
        await other.send(GET)
        assert (await other.response()).body == b"hello"
