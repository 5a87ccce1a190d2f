"""proxy: the bodies of requests reach the upstream as they come."""

from __future__ import annotations

import asyncio

import pytest

from tests.proxy.proxying import OK, Peer, proxy, upstream
from tests.transport.wire import until

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
SOME = HEAD + b"Content-Length: 6\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"


async def test_body_is_not_held_back() -> None:
    """Head and pieces go on as they come."""
    steps = [asyncio.Event() for _ in range(3)]

    async def serve(peer: Peer) -> None:
        assert b"\r\nContent-Length: 6\r\n" in await peer.head()
        for step in steps:
            step.set()
            assert await peer.exactly(2) == b"ab"
        await peer.send(OK)

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(SOME)
        for step in steps:
            await step.wait()
            await client.send(b"ab")

        assert (await client.response()).status == 200


async def test_body_in_chunks() -> None:
    """It stays one; the chunks are made anew, without extensions."""

    async def serve(peer: Peer) -> None:
        head = await peer.head()
        assert b"\r\nTransfer-Encoding: chunked\r\n" in head
        assert b"content-length" not in head.lower()
        assert await peer.exactly(20) == b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
        await peer.send(OK)

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(CHUNKED + b"\r\n2;a=b\r\nab\r\n")
        await asyncio.sleep(0.05)
        await client.send(b"3\r\ncde\r\n0\r\n\r\n")

        assert (await client.response()).status == 200


async def test_trailers() -> None:
    """Those that were announced go on, but for those that say who the client is."""
    rest: list[bytes] = []

    async def serve(peer: Peer) -> None:
        head = await peer.head()
        assert b"\r\nTrailer: X-A, X-Forwarded-For, X_User\r\n" in head
        await peer.exactly(7)
        rest.append(await peer.reader.readuntil(b"\r\n\r\n"))
        await peer.send(OK)

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(
            CHUNKED + b"Trailer: X-A, X-Forwarded-For, X_User\r\n\r\n2\r\nab\r\n0\r\n"
            b"X-A: 1\r\nX-B: 2\r\nX-Forwarded-For: 10.0.0.1\r\nX_User: root\r\n\r\n"
        )
        assert (await client.response()).status == 200

    assert rest == [b"0\r\nX-A: 1\r\n\r\n"]


async def test_megabytes() -> None:
    """A body of any length goes through, and the upstream decides how fast."""
    body = bytes(range(256)) * 40_000

    async def serve(peer: Peer) -> None:
        await peer.head()
        await asyncio.sleep(0.1)
        assert await peer.exactly(len(body)) == body
        await peer.send(OK)

    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(head + body)

        assert (await client.response()).status == 200


async def test_both_at_once() -> None:
    """A response may come while the request is still on its way, and both go on."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 6\r\n\r\n")
        for _ in range(3):
            await peer.send(await peer.exactly(2))

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(SOME)
        await client.reader.readuntil(b"\r\n\r\n")
        for piece in (b"ab", b"cd", b"ef"):
            await client.send(piece)
            assert await client.reader.readexactly(2) == piece


async def test_body_that_is_held() -> None:
    """With `request_buffers` an upstream is not asked before so much of a body is here."""
    body = b"x" * 5 + b"\0"

    async def serve(peer: Peer) -> None:
        assert b"\r\nContent-Length: 6\r\n" in await peer.head()
        assert await peer.exactly(6) == body
        await peer.send(OK)

    for size in (4, -1):
        async with (
            upstream(serve) as up,
            proxy(up, request_buffers=size) as server,
            server.client() as client,
        ):
            await client.send(SOME + body[:3])
            await asyncio.sleep(0.05)
            assert up.connections == 0
            await client.send(body[3:])

            assert (await client.response()).status == 200


async def test_body_in_chunks_that_is_held() -> None:
    """It has a length when all of it is here, and needs no chunks."""

    async def serve(peer: Peer) -> None:
        head = await peer.head()
        assert b"\r\nContent-Length: 2\r\n" in head
        assert b"transfer-encoding" not in head.lower()
        assert await peer.exactly(2) == b"ab"
        await peer.send(OK)

    async with (
        upstream(serve) as up,
        proxy(up, request_buffers=100) as server,
        server.client() as client,
    ):
        await client.send(CHUNKED + b"\r\n2\r\nab\r\n0\r\n\r\n")

        assert (await client.response()).status == 200


@pytest.mark.parametrize("held", [0, -1])
async def test_client_that_breaks_off(held: int) -> None:
    """The upstream's connection is closed, if there is one: it never gets a whole request."""
    heads: list[bytes] = []

    async def serve(peer: Peer) -> None:
        heads.append(await peer.head())
        heads.append(await peer.rest())

    async with upstream(serve) as up, proxy(up, request_buffers=held) as server:
        async with server.client() as client:
            await client.send(SOME + b"ab")
            if not held:
                await until(lambda: up.open == 1)
            client.reset()
        await until(lambda: server.serving.connections == 0 and up.open == 0)

    assert heads[1:] in ([], [b"ab"])
