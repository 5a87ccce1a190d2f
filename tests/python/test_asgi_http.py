"""What ASGI's HTTP has beside a plain response: files, trailers, hints, disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.python.serving import asgi, exchange, listening, reset, rest

pytestmark = pytest.mark.usefixtures("way")

Scope = dict[str, Any]
START = {"type": "http.response.start", "status": 200, "headers": []}
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


def answering(*messages: dict[str, Any]) -> Any:
    """Return an app that sends the same to everyone."""

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(dict(message))

    return app


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    """Return a part of a body."""
    return {"type": "http.response.body", "body": data, "more_body": more}


async def ask(app: Any, request: bytes = GET) -> bytes:
    """Return all that comes back of one request."""
    async with listening(asgi(app)) as port:
        return await exchange(port, request)


async def test_extensions() -> None:
    """An app is told of what it may send; what is snake's own has its name."""
    scopes = []

    async def app(scope: Scope, _receive: Any, send: Any) -> None:
        scopes.append(scope)
        await answering(START, body(b""))(scope, None, send)

    await ask(app)

    (scope,) = scopes
    assert {name for name in scope["extensions"] if name.startswith("http.")} == {
        "http.response.pathsend",
        "http.response.trailers",
        "http.response.early_hint",
    }
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.5"}
    assert scope["http_version"] == "1.1"


@pytest.mark.parametrize("size", [0, 10, 1_000_000])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_file(size: int, method: bytes, tmp_path: Path) -> None:
    """`http.response.pathsend` sends a file with its length; HEAD has the length alone."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    app = answering(START, {"type": "http.response.pathsend", "path": str(path)})

    head, _, content = (await ask(app, GET.replace(b"GET", method))).partition(b"\r\n\r\n")

    assert b"\r\nContent-Length: %d\r\n" % size in head
    assert content == (b"x" * size if method == b"GET" else b"")


async def test_file_that_is_not_there_can_be_replaced() -> None:
    """An app that names no file hears of it, and may still answer something else."""

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        await send(dict(START))
        try:
            await send({"type": "http.response.pathsend", "path": "/nowhere/at/all"})
        except FileNotFoundError:
            await send({**START, "status": 404})
            await send(body(b"none"))

    answer = await ask(app)

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith(b"none")


async def test_trailers() -> None:
    """Trailers that were announced follow the body."""
    trailers = {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]}
    app = answering({**START, "trailers": True}, body(b"a", more=True), body(b"b"), trailers)

    assert (await ask(app)).endswith(b"\r\n0\r\nX-Sum: 1\r\n\r\n")


async def test_trailers_without_a_body() -> None:
    """HEAD has no trailers, and a next request can follow."""
    trailers = {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]}
    app = answering({**START, "trailers": True}, body(b"a"), trailers)

    answer = await ask(app, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)

    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert answer.count(b"X-Sum: 1\r\n") == 1


async def test_early_hints() -> None:
    """Links go out before the response, and after its start they are not sent any more."""
    hint = {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload", b"</b>"]}

    early, late = (
        await ask(answering(hint, START, body(b"x"))),
        await ask(answering(START, body(b"x", more=True), hint, body(b"y"))),
    )

    assert early.startswith(
        b"HTTP/1.1 103 Early Hints\r\n"
        b"Link: </a.css>; rel=preload\r\nLink: </b>\r\n\r\nHTTP/1.1 200 "
    )
    assert late.startswith(b"HTTP/1.1 200 ")
    assert b"103" not in late


async def test_old_clients_get_no_hints() -> None:
    """HTTP/1.0 has no interim responses."""
    app = answering({"type": "http.response.early_hint", "links": [b"</a>"]}, START, body(b"x"))

    answer = await ask(app, b"GET / HTTP/1.0\r\n\r\n")

    assert b" 200 OK" in answer.split(b"\r\n", 1)[0]


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("length", [[], [(b"content-length", b"5")]])
async def test_status_without_a_body(status: int, length: list[Any]) -> None:
    """What an app sends with a 204 or a 304 is left out, and the next request is answered."""
    app = answering({**START, "status": status, "headers": length}, body(b"12345"))

    answer = await ask(app, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)

    assert answer.count(b"HTTP/1.1 %d " % status) == 2
    assert b"12345" not in answer


@pytest.mark.parametrize("length", [[], [(b"content-length", b"5")]])
async def test_head_has_no_body(length: list[Any]) -> None:
    """The body of an answer to HEAD is left out; its length stays."""
    app = answering({**START, "headers": length}, body(b"123", more=True), body(b"45"))

    answer = await ask(app, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)

    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert (b"Content-Length: 5" in answer) is bool(length)
    assert b"123" not in answer.split(b"\r\n\r\n")[1]


async def test_client_is_told_to_go_on_when_the_app_reads() -> None:
    """`100 Continue` comes when the app asks for the body, and not before."""
    let_go = asyncio.Event()

    async def app(_scope: Scope, receive: Any, send: Any) -> None:
        await let_go.wait()
        message = await receive()
        await answering(START, body(message["body"]))(_scope, receive, send)

    async with listening(asgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        early = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(0.1)
        assert not early.done()
        let_go.set()
        assert await early == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await reader.readuntil(b"body")).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_body_that_is_not_read_is_not_asked_for() -> None:
    """An app that answers without reading has no `100 Continue` sent."""
    answer = await ask(
        answering({**START, "status": 403}, body(b"no")),
        POST + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    )

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"100 Continue" not in answer


@pytest.mark.parametrize(
    ("leave", "sent"),
    [(reset, None), (lambda writer: writer.write_eof(), b"late")],
    ids=["reset", "half-closed"],
)
async def test_client_that_leaves_ends_receive(
    leave: Callable[[asyncio.StreamWriter], None], sent: bytes | None
) -> None:
    """`receive` tells that the client has left; one that only closed its side can still read."""
    heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def app(_scope: Scope, receive: Any, send: Any) -> None:
        await send(dict(START))
        await send(body(b"first", more=True))
        while (await receive())["type"] != "http.disconnect":
            pass
        try:
            await send(body(b"late"))
        except OSError:
            heard.set_result(False)
        else:
            heard.set_result(True)

    async with listening(asgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"first")
        leave(writer)
        assert await asyncio.wait_for(heard, 5) is (sent is not None)
        if sent is not None:
            assert sent in await rest(reader)
            writer.close()


async def test_work_after_the_response_goes_on() -> None:
    """An app may work on when its response is out; meanwhile the connection takes a request."""
    after, ended = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await answering(START, body(b"ok"))(scope, receive, send)
        if scope["path"] == "/work":
            await after.wait()
            assert (await receive())["type"] == "http.request"
            assert (await receive())["type"] == "http.disconnect"
            ended.set()

    async with listening(asgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /work HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"ok"), 5)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"ok"), 5)
        assert not ended.is_set()
        after.set()
        await asyncio.wait_for(ended.wait(), 5)
        writer.close()


async def test_failure_after_the_response_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An app that fails when its response is out has answered; the log tells."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await answering(START, body(b"ok"))(scope, receive, send)
        raise LookupError("too late")

    answer = await ask(app)

    assert answer.endswith(b"\r\n\r\nok")
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert vars(record)["fields"]["error"] == "LookupError: too late"


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 5_000_000])
async def test_body_may_be_of_any_size_and_type(size: int) -> None:
    """A whole body, long or short, is sent as it is; header fields can come from a generator."""
    fields = ((name, b"1") for name in (b"x-one", b"x-two"))
    app = answering({**START, "headers": fields}, {**body(b""), "body": bytearray(size)})

    head, _, content = (await ask(app)).partition(b"\r\n\r\n")

    assert b"X-One: 1\r\nX-Two: 1\r\n" in head + b"\r\n"
    assert content == bytes(size)


async def test_long_words_of_an_error_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    """An app that fails with megabytes of text has failed like any other."""

    async def app(_scope: Scope, _receive: Any, _send: Any) -> None:
        raise LookupError("\0" * 3_000_000)

    assert (await ask(app)).startswith(b"HTTP/1.1 500 ")
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


async def test_events_are_not_held_back() -> None:
    """Each part of a stream is at the client before the app makes the next."""
    go_on = asyncio.Event()

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        await send({**START, "headers": [(b"content-type", b"text/event-stream")]})
        for number in range(5):
            await send(body(b"data: %d\n\n" % number, more=True))
            await go_on.wait()
            go_on.clear()
        await send(body(b""))

    async with listening(asgi(app)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        for number in range(5):
            await asyncio.wait_for(reader.readuntil(b"data: %d\n\n" % number), 5)
            go_on.set()
        assert await rest(reader) == b"\r\n0\r\n\r\n"
        writer.close()
