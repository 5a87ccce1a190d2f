"""Apps and clients that do not keep to what they announced, or that leave."""
# ruff: noqa: ARG001 - an app takes the arguments that its protocol gives

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from snake.app.threads import Threads
from tests.python.serving import Closing, exchange, listening, reset, rest, running, serving, wsgi

pytestmark = pytest.mark.usefixtures("way")

TEXT = [("Content-Type", "text/plain")]
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
Start = Callable[..., Callable[[bytes], None]]
Environ = dict[str, Any]


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log has against apps; each record has the name of one."""
    records = [record for record in caplog.records if record.name == "snake.python"]
    assert {record.__dict__["fields"]["app"] for record in records} <= {"test:app"}
    fields = [record.__dict__["fields"] for record in records]
    return [each.get("error", record.message) for each, record in zip(fields, records, strict=True)]


def announcing(length: int, chunks: Callable[[], Any]) -> Any:
    """Return an app with a Content-Length and a body."""

    def app(environ: Environ, start_response: Start) -> Any:
        start_response("200 OK", [*TEXT, ("Content-Length", str(length))])
        return chunks()

    return app


@pytest.mark.parametrize("length", [4, 6])
async def test_wrong_length_of_a_whole_body_is_a_500(
    length: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing has been sent yet: the client gets a 500, the log the app's name and the fault."""
    app = announcing(length, lambda: [b"he", b"llo"])
    async with listening(wsgi(app)) as port:
        answer = await exchange(port, GET)

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert len(failures(caplog)) == 1
    assert "Content-Length" in failures(caplog)[0]


@pytest.mark.parametrize("length", [4, 8])
async def test_wrong_length_of_a_streamed_body_ends_the_connection(
    length: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What was sent cannot be taken back, and the client gets no more bytes than announced."""
    arrived = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield b"he"
        assert arrived.wait(5)
        yield b"llo"

    async with listening(wsgi(announcing(length, chunks))) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET.replace(b"Connection: close\r\n", b""))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\nhe"), 5)
        arrived.set()
        more = await rest(reader)
        writer.close()

    assert b"Content-Length: %d\r\n" % length in head
    assert len(more) + 2 < length
    assert len(failures(caplog)) == 1
    assert "Content-Length" in failures(caplog)[0]


async def test_more_than_announced_after_a_whole_body_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client has all it was promised; what the app yields beyond is dropped, and told."""
    body = Closing([b"hello", b"", b"more"])
    async with serving(wsgi(announcing(5, lambda: body))) as url, httpx.AsyncClient() as client:
        response = await client.get(url)
        assert await asyncio.to_thread(body.closed.wait, 5)

    assert response.text == "hello"
    assert failures(caplog) == ["app yielded more than its Content-Length"]


@pytest.mark.parametrize("before", [[], [b"first"]], ids=["nothing", "something"])
async def test_app_that_yields_nothing_is_stopped_when_its_client_is_gone(
    before: list[bytes],
) -> None:
    """Empty chunks send nothing, so they look for the client's end: the iterable is closed."""
    yielding = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield from before
        while True:
            yield b""
            yielding.set()
            time.sleep(0.01)

    body = Closing(chunks())

    def app(environ: Environ, start_response: Start) -> Closing:
        start_response("200 OK", TEXT)
        return body

    async with listening(wsgi(app)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        assert await asyncio.to_thread(yielding.wait, 5)
        reset(writer)
        assert await asyncio.to_thread(body.closed.wait, 5)


async def test_empty_chunk_does_not_send_the_head() -> None:
    """A response may still become another one after an empty chunk, as PEP 3333 says."""

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b""
        time.sleep(0.05)
        raise LookupError("after all")

    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        assert (await client.get(url)).status_code == 500


async def test_clients_that_do_not_read_leave_threads_to_others() -> None:
    """More streams that nobody takes than threads may run: the next request is answered."""
    stuck = threading.Semaphore(0)

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        if environ["PATH_INFO"] == "/big":
            stuck.release()
            for _ in range(1000):
                yield b"x" * 65_536
        yield b"ok"

    threads = Threads(asyncio.get_running_loop(), most=2)
    async with threads, listening(wsgi(app, threads=threads)) as port:
        writers = []
        for _ in range(8):
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
            writers.append(writer)
        for _ in writers:
            assert await asyncio.to_thread(stuck.acquire, timeout=5)
        assert b"ok" in await exchange(port, GET)
        for writer in writers:
            writer.transport.abort()


async def test_work_that_waits_for_a_thread_is_done_while_draining() -> None:
    """A server that stops answers the requests that it has, also those no thread has begun."""
    begun = threading.Event()
    stopping = threading.Event()

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        begun.set()
        assert stopping.wait(5)
        start_response("200 OK", TEXT)
        return [b"done"]

    threads = Threads(asyncio.get_running_loop(), most=1)
    async with threads, running(wsgi(app, threads=threads)) as (server, port):
        answers = [asyncio.create_task(exchange(port, GET)) for _ in range(5)]
        assert await asyncio.to_thread(begun.wait, 5)
        while server.connections < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        drained = asyncio.create_task(server.drain(5))
        await asyncio.sleep(0)
        stopping.set()
        await asyncio.wait_for(drained, 6)

        assert all(answer.endswith(b"done") for answer in await asyncio.gather(*answers))


async def test_app_is_not_called_for_requests_that_were_cut_off() -> None:
    """When the time for draining is over, work that no thread has begun is dropped."""
    calls = []
    begun = threading.Event()
    end = threading.Event()

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        calls.append(environ["PATH_INFO"])
        begun.set()
        assert end.wait(5)
        start_response("200 OK", TEXT)
        return []

    threads = Threads(asyncio.get_running_loop(), most=1)
    async with running(wsgi(app, threads=threads)) as (server, port):
        answers = [asyncio.create_task(exchange(port, GET)) for _ in range(3)]
        assert await asyncio.to_thread(begun.wait, 5)
        while server.connections < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        await server.drain(0.05)
        await asyncio.gather(*answers, return_exceptions=True)
    end.set()
    last = threading.Event()
    threads.submit(last.set)
    threads.close()

    assert await asyncio.to_thread(last.wait, 5)
    assert calls == ["/"]


async def test_half_closed_client_gets_a_whole_stream() -> None:
    """A client that only says that it sends no more still takes all that the app yields."""

    def app(environ: Environ, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        for number in range(10):
            yield b"tick %d," % number
            time.sleep(0.02)

    async with listening(wsgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await reader.readuntil(b"tick 0,")
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()

    assert b"tick 9," in answer
    assert answer.endswith(b"0\r\n\r\n")
