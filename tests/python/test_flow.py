"""Bodies of any size cost an app's server little memory, and nobody is sent more than he takes."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.python.serving import Closing, asgi, listening, serving, wsgi

pytestmark = pytest.mark.usefixtures("way")

Scope = dict[str, Any]
START = {"type": "http.response.start", "status": 200, "headers": []}
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
PIECE = bytes(1 << 20)
MANY = 150
"""Megabytes that go through; a server that kept them would show it."""
LITTLE = 64 << 10
"""KiB by which the memory may grow."""


def most() -> int:
    """Return the most memory that this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def pieces(count: int) -> AsyncIterator[bytes]:
    """Make a body of so many megabytes."""
    for _ in range(count):
        yield PIECE


async def counts(_scope: Scope, receive: Any, send: Any) -> None:
    """Answer with the size of the body."""
    size = 0
    message = {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        size += len(message["body"])
    await send(dict(START))
    await send({"type": "http.response.body", "body": b"%d" % size})


def counts_in_a_thread(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer with the size of the body."""
    size = 0
    while piece := environ["wsgi.input"].read(65_536):
        size += len(piece)
    start_response("200 OK", [])
    return [b"%d" % size]


async def pours(_scope: Scope, _receive: Any, send: Any) -> None:
    """Answer with a long body."""
    await send(dict(START))
    for _ in range(MANY):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body"})


def pours_from_a_thread(_environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """Answer with a long body."""
    start_response("200 OK", [])
    return (PIECE for _ in range(MANY))


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
async def test_long_upload_costs_little_memory(kind: str) -> None:
    """An upload goes through the server as the app reads it."""
    handler = asgi(counts) if kind == "asgi" else wsgi(counts_in_a_thread)
    async with serving(handler) as url, httpx.AsyncClient(timeout=50) as client:
        await client.post(url, content=pieces(5))
        before = most()
        answer = await client.post(url, content=pieces(MANY))

    assert answer.text == str(MANY << 20)
    assert most() - before < LITTLE


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
async def test_long_download_costs_little_memory(kind: str) -> None:
    """A response goes through the server as the client takes it."""
    handler = asgi(pours) if kind == "asgi" else wsgi(pours_from_a_thread)
    async with serving(handler) as url, httpx.AsyncClient(timeout=50) as client:
        before = most()
        size = 0
        async with client.stream("GET", url) as answer:
            async for piece in answer.aiter_raw():
                size += len(piece)

    assert size == MANY << 20
    assert most() - before < LITTLE


async def test_app_that_does_not_read_stops_the_upload() -> None:
    """A client is not read from faster than the app reads."""
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await go_on.wait()
        await counts(scope, receive, send)

    async with listening(asgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (100 << 20))
        sent = 0

        async def send() -> None:
            nonlocal sent
            for _ in range(100):
                writer.write(PIECE)
                await writer.drain()
                sent += 1

        sending = asyncio.create_task(send())
        at = -1
        while at != sent:
            at = sent
            await asyncio.sleep(0.2)
        assert sent < 50
        go_on.set()
        await sending
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await reader.readexactly(9) == b"104857600"
        writer.close()


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
async def test_slow_reader_stops_the_app(kind: str) -> None:
    """An app does not run ahead of a client that does not read; when that goes, it ends."""
    made = 0
    ended = asyncio.Event()

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        nonlocal made
        await send(dict(START))
        try:
            while True:
                await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
                made += 1
        finally:
            ended.set()

    def endless() -> Iterator[bytes]:
        nonlocal made
        while True:
            yield bytes(65_536)
            made += 1

    body = Closing(endless())

    def in_a_thread(_environ: Any, start_response: Any) -> Closing:
        start_response("200 OK", [])
        return body

    async with listening(asgi(app) if kind == "asgi" else wsgi(in_a_thread)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        at = -1
        while at != made:
            at = made
            await asyncio.sleep(0.2)
        assert made < 500
        writer.transport.abort()
        if kind == "asgi":
            await asyncio.wait_for(ended.wait(), 5)
        else:
            assert await asyncio.to_thread(body.closed.wait, 5)


async def test_app_that_never_waits_holds_up_nobody() -> None:
    """While one response is sent without a pause, others are answered."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        if scope["path"] == "/short":
            await send(dict(START))
            await send({"type": "http.response.body", "body": b"short"})
        else:
            await pours(scope, receive, send)

    async with listening(asgi(app)) as port, httpx.AsyncClient() as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        taking = asyncio.create_task(reader.read())
        for _ in range(3):
            assert (await client.get(f"http://127.0.0.1:{port}/short")).text == "short"
        assert not taking.done()
        await taking
        writer.close()
