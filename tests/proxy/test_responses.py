"""proxy: interim responses, streams and trailers reach the client."""

from __future__ import annotations

import asyncio

import pytest

from tests.proxy.proxying import OK, Peer, proxy, upstream
from tests.transport.wire import GET

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


async def test_interim_responses() -> None:
    """They are passed on as they come, without the fields of the connection."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\n\r\n"
    going_on = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(hints + b"HTTP/1.1 102 Processing\r\n\r\n")
        await going_on.wait()
        await peer.send(OK)

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        first = await client.response()
        second = await client.response()
        going_on.set()
        last = await client.response()

    assert (first.status, first.headers) == (103, [("Link", "</a>")])
    assert (second.status, last.status) == (102, 200)


async def test_interim_response_to_an_old_client() -> None:
    """HTTP/1.0 has none."""
    async with (
        upstream(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK) as up,
        proxy(up) as server,
        server.client() as client,
    ):
        await client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")

        assert (await client.response()).status == 200


async def test_stream_is_not_held_back() -> None:
    """Head and pieces reach the client as they come."""
    steps = [asyncio.Event() for _ in range(3)]

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(CHUNKED + b"Content-Type: text/event-stream\r\n\r\n")
        for step in steps:
            await step.wait()
            await peer.send(b"3\r\nabc\r\n")
        await peer.send(b"0\r\n\r\n")

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        await client.reader.readuntil(b"\r\n\r\n")
        for step in steps:
            step.set()
            assert await client.reader.readexactly(8) == b"3\r\nabc\r\n"
        assert await client.reader.readexactly(5) == b"0\r\n\r\n"


async def test_trailers() -> None:
    """The fields after a body reach the client after the body, announced or not."""
    answer = CHUNKED + b"Trailer: X-A\r\n\r\n2\r\nok\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n"
    async with upstream(answer) as up, proxy(up) as server, server.client() as client:
        for _ in range(2):
            await client.send(GET)
            head = await client.reader.readuntil(b"\r\n\r\n")
            body = await client.reader.readuntil(b"\r\n\r\n")

            assert b"\r\nTrailer: X-A\r\n" in head
            assert body == b"2\r\nok\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n"
        assert up.connections == 1


async def test_trailers_of_a_stream() -> None:
    """They reach the client, though the body took its time."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(CHUNKED + b"\r\n2\r\nok\r\n")
        await asyncio.sleep(0.01)
        await peer.send(b"0\r\nX-A: 1\r\n\r\n")

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        await client.reader.readuntil(b"\r\n\r\n")

        assert await client.reader.readuntil(b"\r\n\r\n") == b"2\r\nok\r\n0\r\nX-A: 1\r\n\r\n"


async def test_trailers_where_there_can_be_none() -> None:
    """HTTP/1.0 and HEAD do without."""
    answer = CHUNKED + b"\r\n2\r\nok\r\n0\r\nX-A: 1\r\n\r\n"
    async with upstream(answer) as up, proxy(up) as server, server.client() as client:
        await client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")

        assert (await client.rest()).endswith(b"\r\n\r\nok")


async def test_response_that_is_held() -> None:
    """With `response_buffers` nothing is sent before so much of a response is here."""
    gates = [asyncio.Event(), asyncio.Event()]

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(CHUNKED + b"\r\n3\r\nabc\r\n")
        await gates[0].wait()
        await peer.send(b"3\r\ndef\r\n")
        await gates[1].wait()
        await peer.send(b"0\r\n\r\n")

    async with (
        upstream(serve) as up,
        proxy(up, response_buffers=5) as server,
        server.client() as client,
    ):
        await client.send(GET)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.05)
        gates[0].set()
        await client.reader.readuntil(b"abcdef")
        gates[1].set()
        await client.reader.readuntil(b"0\r\n\r\n")


async def test_response_that_is_held_as_a_whole() -> None:
    """However long it is."""
    body = bytes(1_000_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with (
        upstream(answer) as up,
        proxy(up, response_buffers=-1) as server,
        server.client() as client,
    ):
        for _ in range(2):
            await client.send(GET)
            assert (await client.response()).body == body


async def test_half_a_response_that_is_held() -> None:
    """It is passed on as far as it came, and is not taken for whole."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(CHUNKED + b"\r\n3\r\nabc\r\n")

    async with (
        upstream(serve) as up,
        proxy(up, response_buffers=-1) as server,
        server.client() as client,
    ):
        await client.send(GET)

        assert not (await client.rest()).endswith(b"0\r\n\r\n")
