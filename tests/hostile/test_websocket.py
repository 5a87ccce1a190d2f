"""WebSocket clients that send too much, too early, or nothing any more (RFC 6455, RFC 7692)."""

from __future__ import annotations

import asyncio
import resource
import zlib

import pytest

from snake.transport.asgi import Message, Receive, Scope, Send
from tests.transport.wire import GET, PATIENCE, Client, hello, serving, until

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate"
TOO_BIG = (1009).to_bytes(2, "big")
MEGABYTE = 1_000_000


class Counter:
    """An app that answers each message with its length. Over HTTP, it says hello."""

    def __init__(self) -> None:
        self.began = 0
        self.ended: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept, then count, until the end."""
        if scope["type"] == "http":
            await hello(scope, receive, send)
            return
        self.began += 1
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            length = len(message.get("text") or message.get("bytes") or b"")
            await send({"type": "websocket.send", "text": str(length)})
        self.ended.append(message)


async def flood(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept, and send for ever."""
    del scope
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        await send({"type": "websocket.send", "bytes": b"f" * 1000})


def frame(first: int, data: bytes) -> bytes:
    """Return a masked frame that begins with the byte `first`."""
    size = len(data)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes([first]) + length + bytes(4) + data


async def shake_hands(client: Client, line: bytes = b"X: y") -> None:
    """Open a WebSocket."""
    await client.send(UPGRADE + line + b"\r\n\r\n")
    response = await client.response()
    assert response.status == 101
    assert bool(response.all("sec-websocket-extensions")) == (DEFLATE in line)


async def send_pieces(client: Client, data: bytes) -> None:
    """Send, until the server has enough of it."""
    try:
        for at in range(0, len(data), 65536):
            await client.send(data[at : at + 65536])
    except ConnectionError:
        pass


def bomb(size: int) -> bytes:
    """Return that many zeros, deflated as RFC 7692 has it."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    pieces = [deflate.compress(bytes(MEGABYTE)) for _ in range(size // MEGABYTE)]
    return b"".join([*pieces, deflate.flush(zlib.Z_SYNC_FLUSH)])[:-4]


@pytest.mark.parametrize("parts", [1, 5])
async def test_bomb(parts: int) -> None:
    """Half a gigabyte in half a megabyte, in one frame or several, is not inflated: 1009."""
    app = Counter()
    data = bomb(500 * MEGABYTE)
    async with serving(app) as server, server.client() as client:
        await shake_hands(client, DEFLATE)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        step = len(data) // parts + 1
        frames = [
            frame((0x42 if at == 0 else 0) | (0x80 if at + step >= len(data) else 0), piece)
            for at in range(0, len(data), step)
            for piece in [data[at : at + step]]
        ]
        sending = asyncio.create_task(send_pieces(client, b"".join(frames)))
        assert (await client.rest())[2:4] == TOO_BIG
        await sending
        await until(lambda: app.ended)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120_000


async def test_deflated_messages() -> None:
    """What is deflated and of a decent size is taken, message after message."""
    inflate = zlib.decompressobj(-15)
    async with serving(Counter()) as server, server.client() as client:
        await shake_hands(client, DEFLATE)
        for _ in range(20):
            await client.send(frame(0xC2, bomb(MEGABYTE)))
            head = await client.reader.readexactly(2)
            text = await client.reader.readexactly(head[1])
            assert (head[0], inflate.decompress(text + b"\0\0\xff\xff")) == (0xC1, b"1000000")


@pytest.mark.parametrize("whole", [True, False], ids=["one frame", "fragments"])
async def test_too_long(whole: object) -> None:
    """A message of more than 16 MiB is refused while it comes, in one frame or in many."""
    app = Counter()
    size = 20 * MEGABYTE
    piece = bytes(MEGABYTE)
    data = frame(0x82, bytes(size)) if whole else frame(0x02, piece) + frame(0, piece) * 40
    async with serving(app) as server, server.client() as client:
        await shake_hands(client)
        sending = asyncio.create_task(send_pieces(client, data))
        assert (await client.rest())[2:4] == TOO_BIG
        await sending
        await until(lambda: app.ended)


async def test_bytes_before_the_answer() -> None:
    """A client that does not wait for the handshake's answer is refused, and closed."""
    app = Counter()
    async with serving(app) as server, server.client() as client:
        await client.send(UPGRADE + b"\r\n" + GET)
        assert (await client.response()).status == 400
        await client.closed()
        await until(lambda: not server.serving.tasks)


@pytest.mark.parametrize("how", ["reset", "half close", "close frame"])
async def test_endless_sender(how: str) -> None:
    """An app that only sends ends when its client goes, and keeps nobody waiting before."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (hello if scope["type"] == "http" else flood)(scope, receive, send)

    async with serving(app) as server, server.client() as client, server.client() as other:
        await shake_hands(client)
        reading = asyncio.create_task(client.reader.read())
        await other.send(GET)
        assert (await other.response()).status == 200
        if how == "reset":
            client.reset()
        elif how == "half close":
            client.half_close()
        else:
            await client.send(b"\x88\x82\0\0\0\0\x03\xe8")
        await until(lambda: not server.serving.tasks)
        reading.cancel()


async def test_client_that_reads_nothing() -> None:
    """A client that sends and does not read is read no more, and what it sent is bounded."""
    app = Counter()
    async with serving(app) as server, server.client() as client:
        await shake_hands(client)
        ping = b"\x89\xfd" + bytes(4) + bytes(125)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.send(ping * 400_000), 1)
        client.reset()
        await asyncio.wait_for(until(lambda: app.ended), PATIENCE)
