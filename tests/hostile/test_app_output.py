"""Apps that do not keep to ASGI: the client gets a 500, or the end of the connection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from snake.transport.asgi import AbortError, AppError, Message, Receive, Scope, Send
from tests.transport.wire import GET, hello, serving


def start(status: Any = 200, *headers: Any) -> Message:
    """Return the start of a response."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: Any = b"", *, more: bool = False) -> Message:
    """Return a part of a body."""
    return {"type": "http.response.body", "body": data, "more_body": more}


LENGTH = b"content-length"
CODING = b"transfer-encoding"
INJECTED = b"1\r\nSet-Cookie: a=b"

BEFORE = [
    # Response splitting: RFC 9110 §5.5, RFC 9112 §11.1; CVE-2026-42545
    ("CRLF in a value", [start(200, (b"x", INJECTED)), body()]),
    ("CR in a value", [start(200, (b"x", b"1\rSet-Cookie: a=b")), body()]),
    ("LF in a value", [start(200, (b"x", b"1\nSet-Cookie: a=b")), body()]),
    ("NUL in a value", [start(200, (b"x", b"1\x002")), body()]),
    ("CRLF in a name", [start(200, (b"x: 1\r\nSet-Cookie", b"a=b")), body()]),
    ("LF at the end of a name", [start(200, (b"x\n", b"1")), body()]),
    ("colon in a name", [start(200, (b"x: y", b"1")), body()]),
    ("space in a name", [start(200, (b"x y", b"1")), body()]),
    ("space at the end of a name", [start(200, (b"content-length ", b"5")), body()]),
    ("empty name", [start(200, (b"", b"1")), body()]),
    ("non-ASCII name", [start(200, (b"\xe9", b"1")), body()]),
    ("CRLF in Date", [start(200, (b"date", INJECTED)), body()]),
    ("CRLF in Server", [start(200, (b"server", INJECTED)), body()]),
    ("name is a string", [start(200, ("x", b"1")), body()]),
    ("value is a string", [start(200, (b"x", "1")), body()]),
    ("value is none", [start(200, (b"x", None)), body()]),
    ("field of three", [start(200, (b"x", b"1", b"2")), body()]),
    # Framing: RFC 9112 §6
    ("length not numeric", [start(200, (LENGTH, b"five")), body(b"hello")]),
    ("length negative", [start(200, (LENGTH, b"-5")), body(b"hello")]),
    ("length with a sign", [start(200, (LENGTH, b"+5")), body(b"hello")]),
    ("length empty", [start(200, (LENGTH, b"")), body(b"hello")]),
    ("length of two", [start(200, (LENGTH, b"5, 5")), body(b"hello")]),
    ("length in 30 digits", [start(200, (LENGTH, b"5" * 30)), body(b"hello")]),
    ("length twice", [start(200, (LENGTH, b"5"), (LENGTH, b"5")), body(b"hello")]),
    ("length twice in two cases", [start(200, (LENGTH, b"5"), (b"Content-Length", b"6")), body()]),
    ("length too small", [start(200, (LENGTH, b"4")), body(b"hello")]),
    ("length too large", [start(200, (LENGTH, b"6")), body(b"hello")]),
    ("length and coding", [start(200, (LENGTH, b"5"), (CODING, b"chunked")), body(b"hello")]),
    ("coding twice", [start(200, (CODING, b"chunked"), (CODING, b"chunked")), body(b"hello")]),
    ("coding unknown", [start(200, (CODING, b"gzip")), body(b"hello")]),
    ("coding identity", [start(200, (CODING, b"identity")), body(b"hello")]),
    # Statuses: RFC 9110 §15
    ("status 99", [start(99), body()]),
    ("status 1000", [start(1000), body()]),
    ("status 0", [start(0), body()]),
    ("status -200", [start(-200), body()]),
    ("status 101", [start(101), body()]),
    ("status 100", [start(100), body()]),
    ("status 103", [start(103), body()]),
    ("status is a string", [start("200"), body()]),
    ("status is bytes", [start(b"200"), body()]),
    ("status is none", [start(None), body()]),
    ("status splits", [start("200 OK\r\nX: y"), body()]),
    # Order: ASGI HTTP spec
    ("body before the start", [body(b"hello")]),
    ("start twice", [start(), start()]),
    ("never starts", []),
    ("starts and returns", [start()]),
    ("unknown message", [{"type": "http.response.nonsense"}]),
    ("unknown message after the start", [start(), {"type": "http.response.nonsense"}]),
    ("message without a type", [{}]),
    ("message without a status", [{"type": "http.response.start"}]),
    ("message is none", [None]),
    ("body is a string", [start(), body("hello")]),
    ("body is none", [start(), body(None)]),
]

AFTER = [
    ("too long in two", [start(200, (LENGTH, b"7")), body(b"hello", more=True), body(b"hello")]),
    ("too short in two", [start(200, (LENGTH, b"12")), body(b"hello", more=True), body(b"hello")]),
    ("returns in the middle", [start(), body(b"hello", more=True)]),
    ("returns before its length", [start(200, (LENGTH, b"9")), body(b"hello", more=True)]),
    ("starts again in the middle", [start(), body(b"hello", more=True), start()]),
    ("string in the middle", [start(), body(b"hello", more=True), body("x")]),
    ("unknown message in the middle", [start(), body(b"hello", more=True), {"type": "x"}]),
    ("pathsend in the middle", [
        start(),
        body(b"hello", more=True),
        {"type": "http.response.pathsend", "path": "/etc/hostname"},
    ]),
]  # fmt: skip

LATE = [
    ("body after the end", [start(), body(b"hello"), body(b"more")]),
    ("start after the end", [start(), body(b"hello"), start(), body(b"more")]),
]


def sender(messages: list[Any], error: BaseException | None = None) -> Any:
    """Return an app that sends these messages, well-behaved on `/ok`; then raises, if it is to."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/ok":
            await hello(scope, receive, send)
            return
        for message in messages:
            await send(message)
        if error is not None:
            raise error

    return app


@pytest.mark.parametrize(("name", "messages"), BEFORE, ids=[name for name, _ in BEFORE])
async def test_nothing_sent(
    name: str, messages: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """What breaks before the head is out is a bare 500 and one log line; the worker lives."""
    async with serving(sender(messages)) as server, server.client() as client:
        await client.send(GET)
        response = await client.response()
        assert (response.status, response.body, response["connection"]) == (500, b"", "close"), name
        assert not response.all("set-cookie")
        await client.closed()
        assert len(caplog.records) == 1
        await _still_serves(server)


@pytest.mark.parametrize(("name", "messages"), AFTER, ids=[name for name, _ in AFTER])
async def test_head_is_out(
    name: str, messages: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """What breaks later ends the connection in a way that cannot be taken for the end of a body."""
    async with serving(sender(messages)) as server, server.client() as client:
        await client.send(GET)
        answer = await client.rest()
        assert answer.count(b"HTTP/1.1 ") <= 1, name
        assert not answer.endswith(b"0\r\n\r\n")
        assert len(answer.partition(b"\r\n\r\n")[2].removeprefix(b"5\r\n")) <= len(b"hello\r\n")
        assert len(caplog.records) == 1
        await _still_serves(server)


@pytest.mark.parametrize(("name", "messages"), LATE, ids=[name for name, _ in LATE])
async def test_after_the_end(
    name: str, messages: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """What comes after a whole response is logged, and reaches nobody."""
    async with serving(sender(messages)) as server, server.client() as client:
        await client.send(GET + GET.replace(b"/ ", b"/ok "))
        assert (await client.response()).body == b"hello", name
        assert (await client.response()).body == b"hello"
        assert len(caplog.records) == 1


async def test_raises_before(caplog: pytest.LogCaptureFixture) -> None:
    """An app that raises is a 500 with a traceback in the log and not a word to the client."""
    async with serving(sender([], ValueError("x"))) as server, server.client() as client:
        await client.send(GET)
        response = await client.response()
        assert (response.status, response.body) == (500, b"")
        assert caplog.records[0].exc_info is not None
        await _still_serves(server)


async def test_raises_between(caplog: pytest.LogCaptureFixture) -> None:
    """An app that raises after its start but before a body is a 500 as well."""
    app = sender([start(200, (b"x", b"y"))], ValueError())
    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        response = await client.response()
        assert (response.status, response.all("x")) == (500, [])
        assert len(caplog.records) == 1


async def test_raises_in_the_middle(caplog: pytest.LogCaptureFixture) -> None:
    """An app that raises in the middle of a body ends the connection without the last chunk."""
    messages = [start(), body(b"hello", more=True)]
    async with serving(sender(messages, ValueError())) as server, server.client() as client:
        await client.send(GET)
        assert not (await client.rest()).endswith(b"0\r\n\r\n")
        assert len(caplog.records) == 1


async def test_raises_after(caplog: pytest.LogCaptureFixture) -> None:
    """An app that raises after its response changes nothing for the client."""
    app = sender([start(), body(b"hello")], ValueError())
    async with serving(app) as server, server.client() as client:
        for _ in range(2):
            await client.send(GET)
            assert (await client.response()).body == b"hello"
        assert len(caplog.records) == 2


async def test_http10_is_cut() -> None:
    """A body that ends with the connection must not end well when the app failed: a reset."""
    messages = [start(), body(b"hello", more=True)]
    async with serving(sender(messages, ValueError())) as server, server.client() as client:
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert await client.rest() == b"(reset)"


@pytest.mark.parametrize("error", [ValueError(), AbortError(), SystemExit(3)])
async def test_every_cut_is_a_reset(error: BaseException) -> None:
    """However an app breaks off a response, its client cannot take it for whole."""
    messages = [start(), body(b"hello", more=True)]
    for request in (GET, b"GET / HTTP/1.0\r\n\r\n"):
        async with serving(sender(messages, error)) as server, server.client() as client:
            await client.send(request)
            assert await client.rest() == b"(reset)"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
@pytest.mark.parametrize("pause", [0, 1])
async def test_app_that_would_end_the_process(error: BaseException, pause: int) -> None:
    """`sys.exit()` in an app, at once or after it waited, is a 500; the worker lives."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/ok":
            await hello(scope, receive, send)
            return
        if pause:
            await asyncio.sleep(0.01)
        raise error

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).status == 500
        await _still_serves(server)


@pytest.mark.parametrize(
    "messages",
    [
        [start(200, (LENGTH, b"4")), body(b"hello")],
        [start(200, (LENGTH, b"6")), body(b"hello")],
        [start(200, (LENGTH, b"4")), body(b"hello", more=True)],
        [start(), body("hello")],
        [start(200, (LENGTH, b"100000")), body("x" * 99_999, more=True)],
        [start(), {"type": "http.response.pathsend", "path": "/nonexistent"}],
        [start(), {"type": "http.response.nonsense"}],
    ],
)
async def test_page_in_place_of_what_was_refused(messages: list[Any]) -> None:
    """While nothing is out, a refused body takes its start with it: an error page can follow."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            for message in messages:
                await send(message)
        except (AppError, TypeError, OSError):
            await send(start(502))
            await send(body(b"page"))

    async with serving(app) as server, server.client() as client:
        await client.send(GET + GET)
        for _ in range(2):
            response = await client.response()
            assert (response.status, response.body) == (502, b"page")


async def test_latin1_goes_out() -> None:
    """Bytes above 127 in a value are legal (obs-text), and sent as they are."""
    messages = [start(200, (b"x", "né".encode("latin-1")), [b"y", b"list"]), body()]
    async with serving(sender(messages)) as server, server.client() as client:
        await client.send(GET)
        response = await client.response()
        assert (response["x"], response["y"]) == ("né", "list")


async def test_many_headers() -> None:
    """An app may send as many headers as it likes, all of them different."""
    fields = [(b"x-%d" % number, b"v%d" % number) for number in range(5000)]
    async with serving(sender([start(200, *fields), body()])) as server, server.client() as client:
        client.reader._limit = 10**7  # type: ignore[attr-defined]  # noqa: SLF001
        await client.send(GET)
        assert (await client.response())["x-4999"] == "v4999"


async def _still_serves(server: Any) -> None:
    async with server.client() as client:
        await client.send(GET.replace(b"/ ", b"/ok "))
        assert (await client.response()).body == b"hello"
