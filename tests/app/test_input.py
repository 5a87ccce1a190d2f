"""`wsgi.input`, read in every way, for bodies of every kind."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from snake.app.threads import Threads
from tests.python.serving import exchange, listening, reset, serving, wsgi

pytestmark = pytest.mark.usefixtures("way")

Read = Callable[[Any], bytes]

LINES = b"first\nsecond\n\nlast"
LONG = b"".join(b"line %d\n" % number for number in range(20_000))

READS: dict[str, Read] = {
    "read()": lambda body: body.read(),
    "read(-1)": lambda body: body.read(-1),
    "read(n)": lambda body: b"".join(iter(lambda: body.read(7), b"")),
    "readline()": lambda body: b"".join(iter(body.readline, b"")),
    "read(0) between": lambda body: body.read(0) + body.read(1) + body.read(0) + body.read(),
    "readline(n)": lambda body: b"".join(iter(lambda: body.readline(3), b"")),
    "readlines()": lambda body: b"".join(body.readlines()),
    "readlines(n)": lambda body: b"".join(iter(lambda: b"".join(body.readlines(10)), b"")),
    "iteration": b"".join,
    "read after the end": lambda body: body.read() + body.read() + body.read(1) + body.readline(),
}


def echo(read: Read) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = read(environ["wsgi.input"])
        start_response("200 OK", [("X-Length", environ.get("CONTENT_LENGTH", "none"))])
        return [body]

    return app


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 9000):
        yield content[at : at + 9000]


@pytest.mark.parametrize("content", [b"", LINES, LONG], ids=["empty", "short", "long"])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_body_with_a_length_is_read_whole(read: Read, content: bytes) -> None:
    """Every way to read gives every byte once, and then the end."""
    async with serving(wsgi(echo(read))) as url, httpx.AsyncClient() as client:
        response = await client.post(url, content=content)

    assert response.content == content
    assert response.headers["x-length"] == str(len(content))


@pytest.mark.parametrize("content", [b"", LINES, LONG], ids=["empty", "short", "long"])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_chunked_body_is_read_to_its_end(read: Read, content: bytes) -> None:
    """A body without a length ends for the app where it ends for the client."""
    async with serving(wsgi(echo(read))) as url, httpx.AsyncClient() as client:
        response = await client.post(url, content=pieces(content))

    assert response.content == content
    assert response.headers["x-length"] == "none"


async def test_readline_gives_lines() -> None:
    """`readline` ends after each line feed, and a last line needs none."""
    lines = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        lines.extend(environ["wsgi.input"])
        start_response("200 OK", [])
        return []

    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        await client.post(url, content=LINES)

    assert lines == [b"first\n", b"second\n", b"\n", b"last"]


async def test_long_body_is_read_while_it_comes() -> None:
    """The app gets the beginning of an upload before the client has sent its end."""
    began = asyncio.Event()
    loop = asyncio.get_running_loop()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        first = environ["wsgi.input"].read(5)
        loop.call_soon_threadsafe(began.set)
        rest = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return [first, b"|", rest[-3:]]

    async with listening(wsgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n"
        writer.write(head + b"a" * 70_000)
        await asyncio.wait_for(began.wait(), 5)
        writer.write(b"z" * 30_000)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()

    assert answer.endswith(b"aaaaa|zzz")


async def test_body_that_nobody_reads_disturbs_no_later_request() -> None:
    """An app may ignore a body; the next request on the connection is not read out of it."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        answers = [await client.post(f"{url}/{n}", content=LONG) for n in range(3)]

    assert [answer.text for answer in answers] == ["/0", "/1", "/2"]


@pytest.mark.parametrize("leave", [asyncio.StreamWriter.close, reset], ids=["close", "reset"])
async def test_client_that_leaves_an_upload_is_told_to_the_app(
    leave: Callable[[asyncio.StreamWriter], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Reading a body whose client went away raises `OSError`, which is no failure of the app."""
    raised: list[BaseException] = []
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def app(environ: dict[str, Any], _start_response: Any) -> list[bytes]:
        try:
            environ["wsgi.input"].read()
        except OSError as error:
            raised.append(error)
            raise
        finally:
            loop.call_soon_threadsafe(done.set)
        return []

    async with listening(wsgi(app)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegin")
        await writer.drain()
        await asyncio.sleep(0.1)
        leave(writer)
        await asyncio.wait_for(done.wait(), 5)

    assert len(raised) == 1
    assert caplog.records == []


async def test_client_that_waits_for_100_continue_gets_it_when_the_body_is_read() -> None:
    """An app that never reads such a body never asks for it."""
    reads = echo(lambda body: body.read())
    ignores = echo(lambda _: b"")
    head = (
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    )
    async with listening(wsgi(reads)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.write(b"data")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    async with listening(wsgi(ignores)) as port:
        without = await exchange(port, head)

    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.endswith(b"\r\n\r\ndata")
    assert b"100 Continue" not in without


CHUNKED = b"POST /in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def test_body_that_has_not_begun_needs_no_thread() -> None:
    """Neither with a length nor without one is the app called before the first byte is there."""
    called = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        called.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b"ok"]

    long = b"POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    async with listening(wsgi(app)) as port:
        writers = []
        for head in (CHUNKED, long):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            writers.append(writer)
        await asyncio.sleep(0.1)
        assert (await exchange(port, GET)).endswith(b"ok")
        for writer in writers:
            writer.transport.abort()

    assert called == ["/"]


@pytest.mark.parametrize("head", [b"", b"Expect: 100-continue\r\n"], ids=["sent", "expected"])
async def test_clients_that_stop_in_an_upload_leave_threads_to_others(head: bytes) -> None:
    """More uploads that stand still than threads may run: the next request is answered."""
    reading = threading.Semaphore(0)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/in":
            reading.release()
            environ["wsgi.input"].read()
        start_response("200 OK", [])
        return [b"ok"]

    threads = Threads(asyncio.get_running_loop(), most=2)
    async with threads, listening(wsgi(app, threads=threads)) as port:
        writers = []
        for _ in range(8):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(CHUNKED.replace(b"\r\n\r\n", b"\r\n" + head + b"\r\n"))
            if not head:
                writer.write(b"5\r\nbegin\r\n")
            writers.append(writer)
        for _ in writers:
            assert await asyncio.to_thread(reading.acquire, timeout=5)
        assert (await exchange(port, GET)).endswith(b"ok")
        for writer in writers:
            writer.transport.abort()


async def test_line_without_an_end_is_read_in_parts() -> None:
    """`readline` with a limit keeps no more than the limit of a line that never ends."""
    sizes: list[int] = []
    most = 0

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        nonlocal most
        tracemalloc.start()
        sizes.extend(len(line) for line in iter(lambda: environ["wsgi.input"].readline(1000), b""))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        start_response("200 OK", [])
        return []

    async with listening(wsgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n")
        for _ in range(50):
            writer.write(b"x" * 100_000)
            await writer.drain()
        await asyncio.wait_for(reader.read(), 20)
        writer.close()

    assert (sum(sizes), set(sizes)) == (5_000_000, {1000})
    assert most < 3_000_000
