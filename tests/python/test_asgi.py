"""ASGI apps behind the real transport: scope, failures, disconnects."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.python.serving import (
    asgi,
    exchange,
    listening,
    reset,
    rest,
    running,
    serving,
    traceback_of,
    under,
)

pytestmark = pytest.mark.usefixtures("way")

Scope = dict[str, Any]
START = {"type": "http.response.start", "status": 200, "headers": []}
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def scope_of(target: str, prefix: str = "", state: Scope | None = None) -> Scope:
    """Return the scope of a GET."""
    scopes = []

    async def app(scope: Scope, _receive: Any, send: Any) -> None:
        scopes.append(scope)
        await send(START)
        await send({"type": "http.response.body"})

    handler = asgi(app, state)
    async with (
        serving(under(prefix, handler) if prefix else handler) as url,
        httpx.AsyncClient() as client,
    ):
        await client.get(url + target)
    return scopes[0]


async def test_scope_has_client_server_and_scheme() -> None:
    """The app sees who asks and what was asked."""
    scope = await scope_of("/path?q=1")

    assert scope["type"] == "http"
    assert scope["path"] == "/path"
    assert scope["query_string"] == b"q=1"
    assert scope["scheme"] == "http"
    assert scope["client"][0] == "127.0.0.1"
    assert scope["root_path"] == ""


async def test_prefix_is_the_root_path() -> None:
    """What `handle_path` took off is `root_path`, and `path` is whole, as ASGI has it."""
    scope = await scope_of("/my%20app/page", prefix="/my%20app")

    assert scope["root_path"] == "/my%20app"
    assert scope["path"] == "/my%20app/page"


async def test_state_is_copied_for_each_request() -> None:
    """What a request puts into `state` is not seen by the next; what is in it is shared."""
    state: dict[str, Any] = {"pool": []}
    first = await scope_of("/", state=state)
    first["state"]["mine"] = 1
    second = await scope_of("/", state=state)

    assert "mine" not in second["state"]
    assert first["state"]["pool"] is second["state"]["pool"]


async def test_failure_is_a_500_and_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """An app that raises is in the log with its own frames, and the next request is answered."""

    async def app(_scope: Scope, _receive: Any, _send: Any) -> None:
        raise LookupError("nothing there")

    async with serving(asgi(app)) as url, httpx.AsyncClient() as client:
        answers = [await client.get(url) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [500, 500]
    record = next(each for each in caplog.records if each.name == "snake.python")
    assert "nothing there" in traceback_of(record)


def exits() -> None:
    sys.exit(3)


def interrupts() -> None:
    raise KeyboardInterrupt


def cancels() -> None:
    raise asyncio.CancelledError


def ends() -> None:
    raise BaseExceptionGroup("several", [SystemExit(1)])


@pytest.mark.parametrize("way", [exits, interrupts, cancels, ends])
@pytest.mark.parametrize("delay", [None, 0.01], ids=["at once", "later"])
async def test_app_cannot_end_the_worker(
    way: Callable[[], None], delay: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    """An app that exits has failed like any other: a 500, one record, and the next is served."""

    async def app(scope: Scope, _receive: Any, send: Any) -> None:
        if delay is not None:
            await asyncio.sleep(delay)
        if scope["path"] == "/end":
            way()
        await send(START)
        await send({"type": "http.response.body", "body": b"ok"})

    async with serving(asgi(app)) as url, httpx.AsyncClient() as client:
        ended, after = await client.get(f"{url}/end"), await client.get(url)

    assert (ended.status_code, after.text) == (500, "ok")
    records = [record for record in caplog.records if record.name == "snake.python"]
    assert [record.__dict__["fields"]["app"] for record in records] == ["test:app"]


async def test_server_can_cancel_the_app(caplog: pytest.LogCaptureFixture) -> None:
    """A request that is cut off ends where it waits, and is no failure of the app."""
    began, ended = asyncio.Event(), asyncio.Event()

    async def app(_scope: Scope, _receive: Any, _send: Any) -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with running(asgi(app)) as (server, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(began.wait(), 5)
        await asyncio.wait_for(server.drain(0.01), 5)
        writer.transport.abort()

    assert ended.is_set()
    assert [record for record in caplog.records if record.name == "snake.python"] == []


@pytest.mark.parametrize("length", [4, 6])
@pytest.mark.parametrize("first", [b"", b"he"], ids=["whole", "streamed"])
async def test_wrong_length_is_a_failure(
    length: int, first: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that is not as long as announced is a 500, or ends the connection once it began."""
    arrived = asyncio.Event()

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        await send({**START, "headers": [(b"content-length", b"%d" % length)]})
        if first:
            await send({"type": "http.response.body", "body": first, "more_body": True})
            await arrived.wait()
        await send({"type": "http.response.body", "body": b"hello"[len(first) :]})

    async with listening(asgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n" + first), 5)
        arrived.set()
        more = await rest(reader)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 200 " if first else b"HTTP/1.1 500 ")
    assert more == b""
    records = [record for record in caplog.records if record.name == "snake.python"]
    assert [record.__dict__["fields"]["app"] for record in records] == ["test:app"]
    assert "Content-Length" in traceback_of(records[0])


async def test_failure_in_the_middle_ends_the_connection() -> None:
    """A response that has begun and fails is cut off."""
    arrived = asyncio.Event()

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        await arrived.wait()
        raise LookupError("later")

    async with listening(asgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await asyncio.wait_for(reader.readuntil(b"part"), 5)
        arrived.set()
        more = await rest(reader)
        writer.close()

    assert more in (b"", b"\r\n")


async def test_disconnect_reaches_the_app() -> None:
    """An app that waits in `receive` hears that its client is gone."""
    heard = asyncio.Event()

    async def app(_scope: Scope, receive: Any, _send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        heard.set()

    async with listening(asgi(app)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        reset(writer)
        await asyncio.wait_for(heard.wait(), 5)


async def test_client_that_goes_away_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """An app that lets the error of a lost client through is not accused of it."""
    ended = asyncio.Event()

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        await send(START)
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
                await asyncio.sleep(0.01)
        except OSError as error:
            ended.set()
            raise RuntimeError("the framework's own word for it") from error

    async with listening(asgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readexactly(2000)
        writer.transport.abort()
        await asyncio.wait_for(ended.wait(), 5)

    assert [record for record in caplog.records if record.name == "snake.python"] == []


async def raises(send: Any) -> None:
    """Fail after the start, before there is any body."""
    await send(START)
    raise LookupError("before the body")


async def lies(send: Any) -> None:
    """Send more than was said."""
    await send({**START, "headers": [(b"content-length", b"1")]})
    await send({"type": "http.response.body", "body": b"two"})


async def starts_twice(send: Any) -> None:
    """Begin two responses."""
    await send(START)
    await send(START)


async def leaves(_send: Any) -> None:
    """End the process, were it the app's."""
    raise SystemExit("bye")


async def sends_what_is_none(send: Any) -> None:
    """Send no response."""
    await send({"type": "http.response.start", "status": "200"})


@pytest.mark.parametrize(
    ("respond", "error"),
    [
        (raises, "LookupError: before the body"),
        (lies, "AppError: the body has 2 bytes more than its Content-Length says"),
        (starts_twice, "ResponseStartedError: the response was started already"),
        (leaves, "SystemExit: bye"),
        (sends_what_is_none, "AppError: '200' is no status of a response"),
    ],
)
async def test_wrong_response_is_a_500(
    respond: Any, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As long as nothing was sent a failure is a 500; one record says which app, what and where."""

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        await respond(send)

    async with serving(asgi(app)) as url, httpx.AsyncClient() as client:
        answers = [(await client.get(url)) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(500, b"")] * 2
    record, _ = (each for each in caplog.records if each.levelname == "ERROR")
    fields = vars(record)["fields"]
    assert (record.name, fields["app"], fields["error"]) == ("snake.python", "test:app", error)
    assert fields["err_trace"].startswith(f"{respond.__name__} (test_asgi.py:")
    assert re.findall(r", in (\w+)", traceback_of(record))[:2] == ["app", respond.__name__]


@pytest.mark.parametrize("head", [b"", b"Upgrade: websocket\r\n"])
async def test_app_that_returns_too_soon_is_named(
    head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """An app that returns with no answer gives a 500, and one record that names it."""

    async def app(_scope: Scope, _receive: Any, _send: Any) -> None:
        pass

    if head:
        head += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    connection = b"Connection: upgrade\r\n" if head else b"Connection: close\r\n"
    async with listening(asgi(app)) as port:
        answer = await exchange(
            port, b"GET /x HTTP/1.1\r\nHost: a\r\n" + head + connection + b"\r\n"
        )

    assert answer.startswith(b"HTTP/1.1 500 ")
    (record,) = (each for each in caplog.records if each.levelname == "ERROR")
    assert record.message == "the app returned before its response was complete"
    assert vars(record)["fields"] == {"app": "test:app", "method": "GET", "path": "/x"}
