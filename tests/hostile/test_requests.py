"""What is no request is answered once, and nothing after it is read."""

from __future__ import annotations

import asyncio

import pytest

from snake.transport.asgi import Receive, Scope, Send
from tests.hostile.requests import CASES, Case
from tests.transport.wire import (
    GET,
    Client,
    Response,
    Server,
    echo,
    hello,
    serving,
    until,
    whole_body,
)

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


class Recorder:
    """An app that reads the body of every request, and keeps the paths it was asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when the body is there."""
        self.scopes.append(scope)
        await whole_body(receive)
        self.paths.append(scope["path"])
        await hello(scope, receive, send)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
async def test_refused(case: Case) -> None:
    """A bad request gets its status and the end of the connection, even after a good one."""
    app = Recorder()
    async with serving(app) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).status == 200
        response = await _answer_to(client, case.data + SMUGGLED)
        assert response.status == case.status
        assert response["connection"] == "close"
        await client.closed()
        assert app.paths == ["/"]
        await _is_as_ever(server)


async def _is_as_ever(server: Server) -> None:
    """See that nothing of a refused request is left for the next client."""
    async with server.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nX-Not-Seen-Before: 1\r\n\r\n")
        assert (await client.response()).status == 200
        await client.send(GET)
        assert (await client.response()).status == 200


async def _answer_to(client: Client, data: bytes) -> Response:
    """Send what may be refused before it is all sent; return the answer."""
    sending = asyncio.create_task(client.send(data))
    try:
        return await client.response()
    finally:
        await asyncio.gather(sending, return_exceptions=True)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
async def test_pipelined(case: Case) -> None:
    """After a good request in the same bytes a bad one is refused all the same, in its turn."""
    app = Recorder()
    async with serving(app) as server, server.client() as client:
        sending = asyncio.create_task(client.send(GET + case.data))
        assert (await client.response()).status == 200
        assert (await client.response()).status == case.status
        await client.closed()
        await asyncio.gather(sending, return_exceptions=True)
        assert app.paths == ["/"]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/\xff\xc3\xa9", "/\udcffé"),
        (b"/a#b", "/a#b"),
        (b"//evil/x", "//evil/x"),
        (b"/%00", "/\0"),
        (b"/%2e%2e/x", "/../x"),
        (b"/a\\b", "/a\\b"),
        (b"/a;b=c", "/a;b=c"),
        (b"/%2F%2f", "///"),
        (b"http://a//evil", "//evil"),
        (b"HTTPS://a?q", "/"),
        (b"/?%zz\xff", "/"),
    ],
)
async def test_odd_targets(target: bytes, path: str) -> None:
    """Odd targets stay paths of the host that was asked, byte for byte."""
    app = Recorder()
    async with serving(app) as server, server.client() as client:
        await client.send(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.response()).status == 200
    scope = app.scopes[0]
    assert scope["path"] == path
    assert dict(scope["headers"])[b"host"] == b"a"
    assert scope["raw_path"].isascii()
    assert scope["raw_path"].startswith(b"/")


@pytest.mark.parametrize(
    "host", [b"a", b"a.b:80", b"A:", b"[::1]", b"[::1]:8080", b"xn--e-ufa", b"a_b"]
)
async def test_good_hosts(host: bytes) -> None:
    """Hosts with and without a port, in letters, numbers or brackets, are taken as they are."""
    app = Recorder()
    async with serving(app) as server, server.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert (await client.response()).status == 200
    assert app.scopes[0]["headers"] == [(b"host", host)]


@pytest.mark.parametrize(
    "lines",
    [
        b"X_Forwarded_For: 1.2.3.4",
        b"X.Forwarded.For: 1.2.3.4",
        b"Content_Length: 50",
        b"Transfer_Encoding: chunked",
        b"Host_: b\r\nHost.: b",
        b"Remote_Addr: 1.2.3.4\r\nX_Y: " + b"a" * 100,
    ],
)
async def test_names_that_spoof(lines: bytes) -> None:
    """Names that an environ could not tell from others are dropped, and frame nothing."""
    app = Recorder()
    async with serving(app) as server, server.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n\r\n" + SMUGGLED)
        await client.response()
        await client.response()
    assert app.paths == ["/", "/smuggled"]
    assert app.scopes[0]["headers"] == [(b"host", b"a")]


async def test_few_empty_lines() -> None:
    """One or two empty lines before a request are forgiven, between two requests as well."""
    async with serving(echo) as server, server.client() as client:
        await client.send(b"\r\n" + GET + b"\r\n\r\n" + GET + b"\r")
        assert (await client.response()).status == 200
        assert (await client.response()).status == 200
        await client.send(b"\n" + GET)
        assert (await client.response()).status == 200


async def test_memory_is_bounded() -> None:
    """What a client sends in place of a head is not kept beyond the limit."""
    async with serving(hello) as server, server.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(16):
            await client.send(b"a" * 1000)
        await until(lambda: server.kept)
        await client.send(b"a" * 1000)
        assert (await client.response()).status == 431
        assert not server.kept


async def test_trailers_are_not_headers() -> None:
    """Trailers change nothing that the app sees."""
    app = Recorder()
    body = b"0\r\nX-User: admin\r\nAuthorization: x\r\n\r\n"
    async with serving(app) as server, server.client() as client:
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
        )
        assert (await client.response()).status == 200
    assert [name for name, _ in app.scopes[0]["headers"]] == [b"host", b"transfer-encoding"]


async def test_any_bytes() -> None:
    """No single byte, put anywhere in a request, makes two requests of it or breaks the server."""
    request = b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok"
    app = Recorder()
    async with serving(app) as server:
        for byte in (0, 9, 10, 11, 13, 32, 44, 58, 59, 127, 128, 255):
            for at in range(len(request) - 2):
                app.paths.clear()
                async with server.client() as client:
                    await client.send(request[:at] + bytes([byte]) + request[at:])
                    client.half_close()
                    answer = await client.rest()
                    assert answer.count(b"HTTP/1.1 ") <= 1 or at >= len(request) - 2
                    assert len(app.paths) <= 1
