"""PEP 3333, row by row, through real sockets."""
# ruff: noqa: ARG001, ARG002 - an app takes the arguments that its protocol gives
# ruff: noqa: TRY301 - apps raise to catch

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.validate import validator

import httpx
import pytest

from tests.python.serving import Closing, exchange, listening, serving, traceback_of, wsgi

pytestmark = pytest.mark.usefixtures("way")

TEXT = [("Content-Type", "text/plain")]
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
Start = Callable[..., Callable[[bytes], None]]
Environ = dict[str, Any]


async def get(app: Any, path: str = "/", **options: Any) -> httpx.Response:
    """Answer one GET with an app."""
    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        return await client.get(url + path, **options)


def whole(environ: Environ, start_response: Start) -> list[bytes]:
    start_response("200 OK", TEXT)
    return [b"hello ", b"world"]


def generator(environ: Environ, start_response: Start) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"hello "
    yield b""
    yield b"world"


class Late:
    """Starts its response when its first chunk is asked for."""

    def __init__(self, environ: Environ, start_response: Start) -> None:
        self.start_response = start_response

    def __iter__(self) -> Iterator[bytes]:
        self.start_response("200 OK", TEXT)
        yield b"hello world"


def announced(environ: Environ, start_response: Start) -> Iterator[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "11")])
    yield b"hello world"


def written(environ: Environ, start_response: Start) -> list[bytes]:
    write = start_response("200 OK", TEXT)
    write(b"hello ")
    return [b"world"]


def only_written(environ: Environ, start_response: Start) -> list[bytes]:
    start_response("200 OK", TEXT)(b"hello world")
    return []


def corrected(environ: Environ, start_response: Start) -> list[bytes]:
    start_response("404 Not Found", [("X-Wrong", "1")])
    try:
        raise ValueError
    except ValueError:
        start_response("200 OK", TEXT, sys.exc_info())
    return [b"hello world"]


@pytest.mark.parametrize(
    "app",
    [whole, generator, Late, announced, written, only_written, corrected],
    ids=lambda app: app.__name__,
)
async def test_every_way_to_answer_arrives(app: Any) -> None:
    """Lists, generators, `write` and corrected starts give the same response."""
    response = await get(app)

    assert response.status_code == 200
    assert response.text == "hello world"
    assert response.headers["content-type"] == "text/plain"
    assert "x-wrong" not in response.headers


@pytest.mark.filterwarnings("default")  # the validator's own classes leave files unclosed
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_validator_finds_no_fault(method: str) -> None:
    """Python's own WSGI validator accepts the environ, the input and how the app is called."""

    @validator
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(100)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
        assert body == (b"data" if method == "POST" else b"")
        return [b"fine"]

    content = b"data" if method == "POST" else b""
    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        response = await client.request(method, url + "/some/path?q=1", content=content)

    assert response.status_code == 200
    assert response.content == (b"" if method == "HEAD" else b"fine")


def yields_text(environ: Environ, start_response: Start) -> Iterator[Any]:
    start_response("200 OK", TEXT)
    yield "text"


def returns_text(environ: Environ, start_response: Start) -> list[Any]:
    start_response("200 OK", TEXT)
    return ["text"]


def returns_bytes(environ: Environ, start_response: Start) -> bytes:
    start_response("200 OK", TEXT)
    return b"text"


def returns_none(environ: Environ, start_response: Start) -> None:
    start_response("200 OK", TEXT)


def never_starts(environ: Environ, start_response: Start) -> list[bytes]:
    return [b"hello"]


def starts_after_body(environ: Environ, start_response: Start) -> Iterator[bytes]:
    yield b"hello"
    start_response("200 OK", TEXT)


def starts_twice(environ: Environ, start_response: Start) -> list[bytes]:
    start_response("200 OK", TEXT)
    start_response("201 Created", TEXT)
    return [b"hello"]


def raises(environ: Environ, start_response: Start) -> list[bytes]:
    raise LookupError("nothing there")


def raises_after_start(environ: Environ, start_response: Start) -> list[bytes]:
    start_response("200 OK", TEXT)
    raise LookupError("nothing there")


def exits(environ: Environ, start_response: Start) -> list[bytes]:
    raise SystemExit(3)


def starting(status: Any, name: Any = "X", value: Any = "v") -> Any:
    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response(status, [(name, value)])
        return [b"hello"]

    return app


@pytest.mark.parametrize(
    "app",
    [
        yields_text,
        returns_text,
        returns_bytes,
        returns_none,
        never_starts,
        starts_after_body,
        starts_twice,
        raises,
        raises_after_start,
        exits,
        pytest.param(starting("nonsense"), id="status nonsense"),
        pytest.param(starting("99 Low"), id="status 99"),
        pytest.param(starting("101 Switching Protocols"), id="status 101"),
        pytest.param(starting("1000 High"), id="status 1000"),
        pytest.param(starting(200), id="status int"),
        pytest.param(starting("200 OK", "X", "a\r\nX-Injected: yes"), id="CRLF in value"),
        pytest.param(starting("200 OK", "X", "a\nb"), id="LF in value"),
        pytest.param(starting("200 OK", "X", "a\0b"), id="NUL in value"),
        pytest.param(starting("200 OK", "X\r\nY", "a"), id="CRLF in name"),
        pytest.param(starting("200 OK", "X Y", "a"), id="space in name"),
        pytest.param(starting("200 OK", "", "a"), id="empty name"),
        pytest.param(starting("200 OK", "X", "\N{SNOWMAN}"), id="value not latin-1"),
        pytest.param(starting("200 OK", b"X", "a"), id="name is bytes"),
    ],
    ids=lambda app: getattr(app, "__name__", None),
)
async def test_broken_app_is_a_500(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What is no WSGI response is a 500 for the client and one record that names the app."""
    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        first = await client.get(url)
        second = await client.get(url)

    assert [first.status_code, second.status_code] == [500, 500]
    assert "x-injected" not in first.headers
    assert "hello" not in first.text
    record = next(each for each in caplog.records if each.name == "snake.python")
    assert vars(record)["fields"]["app"] == "test:app"
    assert vars(record)["fields"]["error"]
    assert [each.name for each in caplog.records if each.levelname == "ERROR"] == [record.name] * 2
    assert record.fields["app"] == "test:app"  # type: ignore[attr-defined]


async def test_traceback_begins_in_the_app(caplog: pytest.LogCaptureFixture) -> None:
    """The log shows the app's frames and not the server's."""
    await get(raises)

    record = next(each for each in caplog.records if each.name == "snake.python")
    text = traceback_of(record)
    assert "nothing there" in text
    assert "test_wsgi.py" in text
    assert "exchange.py" not in text


def failing() -> Iterator[bytes]:
    yield b"x"
    raise LookupError("in the middle")


@pytest.mark.parametrize(
    "chunks",
    [[b"a"], [], [b"a", b"b"], ["text"], failing()],
    ids=["one", "none", "two", "text", "failing"],
)
async def test_iterable_is_always_closed(chunks: Any) -> None:
    """`close` is called when the response is out, and when it failed."""
    body = Closing(chunks)

    def app(environ: Environ, start_response: Start) -> Closing:
        start_response("200 OK", TEXT)
        return body

    async with listening(wsgi(app)) as port:
        await exchange(port, GET)

    assert await asyncio.to_thread(body.closed.wait, 5)


async def test_failing_close_spoils_no_response(caplog: pytest.LogCaptureFixture) -> None:
    """An iterable that cannot be closed is in the log; the response was complete."""

    class Body(Closing):
        def close(self) -> None:
            """Close, and fail at it."""
            super().close()
            raise LookupError("cannot close")

    body = Body([b"hello"])

    def app(environ: Environ, start_response: Start) -> Closing:
        start_response("200 OK", [*TEXT, ("Content-Length", "5")])
        return body

    response = await get(app)

    assert response.text == "hello"
    assert await asyncio.to_thread(body.closed.wait, 5)


async def test_head_has_the_head_of_a_get() -> None:
    """HEAD gives the length that the app announced, and no body."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [*TEXT, ("Content-Length", "11")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello world"]

    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        response = await client.head(url)
        after = await client.get(url)

    assert response.headers["content-length"] == "11"
    assert response.content == b""
    assert after.text == "hello world"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_status_without_body_has_none(status: str) -> None:
    """The next response on the connection is read right after a 204 or 304."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response(status, [])
        return []

    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        answers = [await client.get(url) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [int(status[:3])] * 2
    assert [answer.content for answer in answers] == [b"", b""]


async def test_repeated_headers_stay_apart() -> None:
    """Two fields of one name are two fields."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        return []

    response = await get(app)

    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


async def test_hop_by_hop_headers_are_dropped() -> None:
    """The connection is the server's business, whatever the app says of it."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [("Connection", "close"), ("Transfer-Encoding", "chunked")])
        return [b"x"]

    response = await get(app)

    assert "connection" not in response.headers
    assert "transfer-encoding" not in response.headers
    assert response.text == "x"


async def test_latin_1_headers_pass_through() -> None:
    """A header value may have any latin-1 character."""

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        start_response("200 OK", [("X-Name", "caf\xe9")])
        return []

    async with listening(wsgi(app)) as port:
        answer = await exchange(port, GET)

    assert b"caf\xe9\r\n" in answer


async def test_each_request_has_its_own_context() -> None:
    """A context variable set in one request is not seen in the next one of the same thread."""
    variable = contextvars.ContextVar("variable", default="nothing")
    seen = []

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        seen.append(variable.get())
        variable.set("something")
        start_response("200 OK", TEXT)
        return []

    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        await client.get(url)
        await client.get(url)

    assert seen == ["nothing", "nothing"]


async def test_requests_that_wait_run_at_once() -> None:
    """Thirty requests that wait for one another are all in the app at the same time."""
    barrier = threading.Barrier(30)

    def app(environ: Environ, start_response: Start) -> list[bytes]:
        barrier.wait(5)
        start_response("200 OK", TEXT)
        return [b"met"]

    limits = httpx.Limits(max_connections=30)
    async with serving(wsgi(app)) as url, httpx.AsyncClient(limits=limits) as client:
        answers = await asyncio.gather(*(client.get(url) for _ in range(30)))

    assert [answer.text for answer in answers] == ["met"] * 30


@pytest.mark.parametrize(("length", "how"), [("3", "2 bytes more"), ("7", "2 bytes less")])
async def test_wrong_content_length_is_a_500(
    length: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A whole body that is not as long as the app says is a 500, and the log says what is wrong."""

    def app(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", length)])
        return [b"12", b"345"]

    async with serving(wsgi(app)) as url, httpx.AsyncClient() as client:
        assert (await client.get(url)).status_code == 500

    (record,) = (each for each in caplog.records if each.levelname == "ERROR")
    assert vars(record)["fields"]["app"] == "test:app"
    assert how in vars(record)["fields"]["error"]
