"""Requests and responses over one connection."""

from __future__ import annotations

import asyncio
import contextvars
from pathlib import Path
from typing import Any

import pytest

from snake.transport.asgi import CLIENT, Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.wire import GET, echo, hello, serving, whole_body

POST = b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
HEADERS = [(b"content-type", b"text/plain")]


def responder(*bodies: bytes, headers: Any = (), status: int = 200) -> Any:
    """Return an app that sends these parts of a body."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for body in bodies[:-1]:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": bodies[-1]})

    return app


async def test_scope() -> None:
    """The scope is ASGI's, with the path decoded and the client's and server's address."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await hello(scope, receive, send)

    state = {"db": 1}
    async with serving(app, state=state) as server, server.client() as client:
        await client.send(
            b"GET /a%20%ff/b?x=%20 HTTP/1.1\r\nHost: h:1\r\nX-A:  v \t\r\nX-A: w\r\n\r\n"
        )
        await client.response()
        local = client.writer.get_extra_info("sockname")
    scope = seen[0]
    assert scope["extensions"].pop(CLIENT)
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/a \udcff/b",
        "raw_path": b"/a%20%ff/b",
        "query_string": b"x=%20",
        "root_path": "",
        "headers": [(b"host", b"h:1"), (b"x-a", b"v"), (b"x-a", b"w")],
        "client": local,
        "server": server.address,
        "extensions": {
            "http.response.pathsend": {},
            "http.response.early_hint": {},
            "http.response.trailers": {},
            "snake.half_close": {},
        },
        "state": {"db": 1},
    }
    assert scope["state"] is not state


async def test_unix_socket(tmp_path: Path) -> None:
    """A Unix socket is served as a port is; its clients have no address."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await hello(scope, receive, send)

    async with serving(app, path=tmp_path / "s") as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).body == b"hello"
    assert seen[0]["client"] is None


async def test_keep_alive() -> None:
    """One connection takes one request after another, with bodies and without."""
    async with serving(echo) as server, server.client() as client:
        for _ in range(3):
            await client.send(GET)
            assert (await client.response()).body == b"GET / "
            await client.send(POST)
            assert (await client.response()).body == b"POST /p hello"


@pytest.mark.parametrize(
    ("request_", "connection"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ["close"]),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", ["close"]),
        (b"GET / HTTP/1.0\r\n\r\n", ["close"]),
    ],
)
async def test_close(request_: bytes, connection: list[str]) -> None:
    """A client that wants to close is told so, and then it is done."""
    async with serving(hello) as server, server.client() as client:
        await client.send(request_)
        response = await client.response()
        assert response.all("connection") == connection
        await client.closed()


async def test_http10_keep_alive() -> None:
    """HTTP/1.0 keeps the connection where it asks to, and is told that it did."""
    async with serving(hello) as server, server.client() as client:
        for _ in range(2):
            await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert (await client.response())["connection"] == "keep-alive"


async def test_http10_stream() -> None:
    """A body without a length goes to an HTTP/1.0 client as it is, and ends with the connection."""
    async with serving(responder(b"a", b"b")) as server, server.client() as client:
        await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        response = await client.response()
        assert response.body == b"ab"
        assert not response.all("transfer-encoding")


async def test_app_closes() -> None:
    """An app's `connection: close` closes."""
    app = responder(b"x", headers=[(b"connection", b"close")])
    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response())["connection"] == "close"
        await client.closed()


async def test_pipelining() -> None:
    """Pipelined requests are answered in their order, whatever each takes."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        number = int(scope["path"][1:])
        for _ in range(number * 7 % 5):
            await asyncio.sleep(0)
        await echo(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        lines = b"Host: a\r\nContent-Length: 2\r\n\r\nok"
        await client.send(b"".join(b"POST /%d HTTP/1.1\r\n%b" % (n, lines) for n in range(20)))
        for number in range(20):
            assert (await client.response()).body == b"POST /%d ok" % number


async def test_split_anywhere() -> None:
    """It makes no difference where the network cuts a request."""
    async with serving(echo) as server:
        for at in range(1, len(POST)):
            async with server.client() as client:
                await client.send(POST[:at])
                await asyncio.sleep(0)
                await client.send(POST[at:] + GET)
                assert (await client.response()).body == b"POST /p hello"
                assert (await client.response()).body == b"GET / "


async def test_chunked_request() -> None:
    """A body in chunks comes whole, whatever the cuts; its trailers come to nothing."""
    body = b"4;a=b\r\nabcd\r\n10\r\n0123456789abcdef\r\n0\r\nX-Trailer: 1\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
    async with serving(echo) as server:
        for at in range(len(body)):
            async with server.client() as client:
                await client.send(head + body[:at])
                await asyncio.sleep(0)
                await client.send(body[at:] + GET)
                assert (await client.response()).body == b"POST / abcd0123456789abcdef"
                assert (await client.response()).body == b"GET / "


async def test_chunked_response() -> None:
    """A body of unknown length goes out in chunks; an empty part does not end it."""
    async with serving(responder(b"ab", b"", b"c", b"")) as server, server.client() as client:
        await client.send(GET)
        response = await client.response()
        assert response.body == b"abc"
        assert response["transfer-encoding"] == "chunked"
        await client.send(GET)
        assert (await client.response()).body == b"abc"


async def test_length_is_added() -> None:
    """A body that is sent at once needs no chunks."""
    async with serving(responder(b"abc")) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response())["content-length"] == "3"


async def test_stated_headers() -> None:
    """Date and Server are added where an app has none; names go out as Go writes them."""
    own = [(b"etag", b"1"), (b"x-a", b"2"), (b"server", b"mine"), (b"date", b"today")]
    async with serving(responder(b"x", headers=HEADERS)) as server, server.client() as client:
        await client.send(GET)
        response = await client.response()
        assert [name for name, _ in response.headers] == [
            *("Content-Type", "Content-Length", "Date", "Server")
        ]
        assert response["server"] == "snake"
        assert response["date"].endswith(" GMT")
    async with serving(responder(b"x", headers=own)) as server, server.client() as client:
        await client.send(GET)
        response = await client.response()
        assert (response["server"], response["date"]) == ("mine", "today")
        assert {"Etag", "X-A"} < {name for name, _ in response.headers}


async def test_no_server_header() -> None:
    """A start message can do without the Server field."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "server_header": False})
        await send({"type": "http.response.body"})

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        assert not (await client.response()).all("server")


@pytest.mark.parametrize(
    ("method", "status", "headers", "length"),
    [
        ("HEAD", 200, [], ["4"]),
        ("HEAD", 200, [(b"content-length", b"9")], ["9"]),
        ("GET", 204, [(b"content-length", b"4")], []),
        ("GET", 304, [], []),
        ("GET", 304, [(b"content-length", b"9")], []),
    ],
)
async def test_no_body(method: str, status: int, headers: Any, length: list[str]) -> None:
    """HEAD, 204 and 304 have no body whatever the app sends, and the next response is whole."""
    app = responder(b"body", headers=headers, status=status)
    async with serving(app) as server, server.client() as client:
        for _ in range(2):
            await client.send(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            response = await client.response(method)
            assert response.status == status
            assert response.all("content-length") == length
            assert not response.all("transfer-encoding")


async def test_head_of_stream() -> None:
    """HEAD of a streamed body is answered by the head alone."""
    async with serving(responder(b"a", b"b")) as server, server.client() as client:
        for _ in range(2):
            await client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await client.response("HEAD")).status == 200


async def test_options_star() -> None:
    """`OPTIONS *` is answered by the server itself, as in Go."""
    async with serving(echo) as server, server.client() as client:
        await client.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        response = await client.response()
        assert (response.status, response["content-length"]) == (200, "0")


async def test_absolute_form() -> None:
    """The host in an absolute target takes the place of Host."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        await client.send(b"GET http://b:8/x?y HTTP/1.1\r\nX: 1\r\nHost: a\r\n\r\n")
        await client.response()
    scope = seen[0]
    assert scope["headers"] == [(b"host", b"b:8"), (b"x", b"1")]
    assert (scope["raw_path"], scope["query_string"]) == (b"/x", b"y")


async def test_any_method() -> None:
    """A method nobody has heard of is the app's business, lower case too."""
    async with serving(echo) as server, server.client() as client:
        for method in (b"BREW", b"get", b"M-SEARCH", b"PROPFIND"):
            await client.send(method + b" /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1")
            assert (await client.response()).body == method + b" /x 1"


async def test_contexts_are_apart() -> None:
    """Context variables of one request are not those of the next; the current task is its own."""
    variable = contextvars.ContextVar("variable", default=0)
    tasks = set()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert variable.get() == 0
        variable.set(1)
        tasks.add(asyncio.current_task())
        if scope["path"] == "/wait":
            await asyncio.sleep(0)
        assert asyncio.current_task() in tasks
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        for start in (GET, GET.replace(b"/ ", b"/wait ")):
            await client.send(start * 3)
            for _ in range(3):
                assert (await client.response()).status == 200
    assert len(tasks) == 6


async def test_app_goes_on() -> None:
    """What an app does after its response does not hold up the next one, and its state is kept."""
    release = asyncio.Event()
    after: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await hello(scope, receive, send)
        if scope["path"] == "/":
            await release.wait()
            after.append((await receive())["type"])
            after.append((await receive())["type"])
        else:
            release.set()

    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        await client.response()
        await client.send(GET.replace(b"/ ", b"/next "))
        await client.response()
    assert after == ["http.request", "http.disconnect"]


async def test_plain_function_as_app() -> None:
    """An app may be a function that returns any awaitable."""

    def app(scope: Scope, receive: Receive, send: Send) -> Any:
        return asyncio.ensure_future(echo(scope, receive, send))

    async with serving(app) as server, server.client() as client:
        await client.send(POST)
        assert (await client.response()).body == b"POST /p hello"


async def test_dropped_names() -> None:
    """Names with an underscore or a dot are dropped, unless the settings keep them."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await hello(scope, receive, send)

    settings = Settings(keep_underscore_headers=frozenset({b"x_kept"}))
    async with serving(app, settings) as server, server.client() as client:
        lines = b"X_User: 1\r\nX.User: 1\r\nX_Kept: 2\r\nX-User: 3\r\n"
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
        await client.response()
    assert seen[0]["headers"][1:] == [(b"x_kept", b"2"), (b"x-user", b"3")]


async def test_body_in_pieces() -> None:
    """The app gets a body as it comes, not when it is complete."""
    first = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        assert (message["body"], message["more_body"]) == (b"he", True)
        first.set()
        assert await whole_body(receive) == b"llo"
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    async with serving(app) as server, server.client() as client:
        await client.send(POST[:-3])
        await first.wait()
        await client.send(POST[-3:])
        assert (await client.response()).status == 200
