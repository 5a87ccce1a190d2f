"""Responses that are sent while the app makes them."""
# ruff: noqa: ARG001 - an app takes the arguments that its protocol gives
# ruff: noqa: TRY301 - apps raise to catch

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from snake.http.errors import AbortError
from snake.http.request import Request
from tests.python.serving import Closing, exchange, listening, rest, serving, wsgi

pytestmark = pytest.mark.usefixtures("way")

TEXT = [("Content-Type", "text/plain")]
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
Start = Callable[..., Callable[[bytes], None]]
Environ = dict[str, Any]


def endless() -> Iterator[bytes]:
    while True:
        time.sleep(0.01)
        yield b"x" * 1000


async def test_failure_in_the_middle_ends_the_connection() -> None:
    """A response that has begun and fails is cut off, so that no client takes it for whole."""
    seen = threading.Event()

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"x"
        assert seen.wait(5)
        raise LookupError("later")

    async with listening(wsgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        seen.set()
        end = await rest(reader)
        writer.close()

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not end.endswith(b"0\r\n\r\n")


async def test_failure_before_anything_was_sent_is_a_500() -> None:
    """What an app has written does not count while nobody has seen it."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", TEXT)
        raise LookupError("at once")

    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        assert (await client.get(url)).status_code == 500


async def test_start_cannot_be_corrected_after_the_body_began() -> None:
    """With `exc_info` and the head sent, `start_response` raises the app's own error again."""
    raised = []

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"x"
        try:
            raise LookupError("mine")
        except LookupError:
            try:
                start_response("500 Oops", TEXT, sys.exc_info())
            except LookupError as error:
                raised.append(str(error))
                raise

    async with listening(wsgi(app)) as port:
        await exchange(port, GET)

    assert raised == ["mine"]


async def test_first_chunk_arrives_before_the_second_is_made() -> None:
    """A streamed response is streamed: no chunk waits for the next one."""
    seen = threading.Event()

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"first"
        assert seen.wait(5)
        yield b"second"

    async with (
        serving(wsgi(app)) as url,
        httpx.AsyncClient() as client,
        client.stream("GET", url) as response,
    ):
        chunks = response.aiter_bytes()
        assert await anext(chunks) == b"first"
        seen.set()
        assert await anext(chunks) == b"second"


async def test_response_that_is_all_there_does_not_wait_for_its_end() -> None:
    """With all bytes of Content-Length yielded, the client has them while the app goes on."""
    seen = threading.Event()

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [*TEXT, ("Content-Length", "5")])
        yield b"hello"
        assert seen.wait(5)

    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        response = await client.get(url)
        seen.set()

    assert response.text == "hello"


async def test_slow_client_holds_the_app_back() -> None:
    """An app that yields without end is not read further than the client takes it."""
    made = 0

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        nonlocal made
        start_response("200 OK", TEXT)
        for _ in range(10_000):
            made += 1
            yield b"x" * 65_536

    async with listening(wsgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(GET)
        before = -1
        while made != before:
            before = made
            await asyncio.sleep(0.2)
        assert 0 < made < 1000
        writer.transport.abort()
        del reader


async def test_client_that_goes_away_stops_the_app() -> None:
    """The iterable is closed when nobody reads the response any more."""
    body = Closing(endless())

    def app(environ: Environ, start_response: Start) -> Closing:
        start_response("200 OK", TEXT)
        return body

    async with listening(wsgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await reader.readexactly(3000)
        writer.transport.abort()
        assert await asyncio.to_thread(body.closed.wait, 5)


async def test_client_that_goes_away_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """A client that leaves in the middle of a response puts nothing in the log."""
    body = Closing(endless())

    def app(environ: Environ, start_response: Start) -> Closing:
        start_response("200 OK", TEXT)
        return body

    async with listening(wsgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await reader.readexactly(3000)
        writer.transport.abort()
        assert await asyncio.to_thread(body.closed.wait, 5)

    assert caplog.records == []


async def test_disconnect_that_only_receive_tells_stops_the_app() -> None:
    """Over HTTP/2, where `send` may say nothing, the end of the stream closes the iterable."""
    body = Closing(endless())
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent = asyncio.Event()

    def app(environ: Environ, start_response: Start) -> Closing:
        start_response("200 OK", TEXT)
        return body

    async def send(message: Any) -> None:
        sent.set()

    async def end(request: Request, send: Any) -> None:
        raise AssertionError("nothing follows")

    scope = {
        "type": "http",
        "http_version": "2",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"a")],
    }
    messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    answer = asyncio.ensure_future(wsgi(app)(Request(scope, messages.get), send, end))
    await asyncio.wait_for(sent.wait(), 5)
    messages.put_nowait({"type": "http.disconnect"})

    with pytest.raises(AbortError):
        await asyncio.wait_for(answer, 5)
    assert await asyncio.to_thread(body.closed.wait, 5)
