"""WebSockets: what Hypercorn does for us, and what we see to."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from snake.transport.asgi import AbortError, Message, Receive, ResponseStartedError, Scope, Send
from snake.transport.serve import serve
from snake.transport.settings import Settings
from tests.transport.wire import GET, PATIENCE, echo, serving, until

MISUSE = [
    pytest.param(b"\x81\x01x", 1002, id="unmasked"),
    pytest.param(b"\xf1\x80\0\0\0\0", 1002, id="reserved bits"),
    pytest.param(b"\x09\x80\0\0\0\0", 1002, id="fragmented ping"),
    pytest.param(b"\x83\x80\0\0\0\0", 1002, id="unknown opcode"),
    pytest.param(b"\x80\x80\0\0\0\0", 1002, id="continuation of nothing"),
    pytest.param(b"\x81\x81\0\0\0\0\xff", 1007, id="invalid UTF-8"),
    pytest.param(b"\x88\x83\0\0\0\0\x03\xe8\xff", 1007, id="close with invalid UTF-8"),
    pytest.param(b"\x88\x81\0\0\0\0\x03", 1002, id="close with half a code"),
    pytest.param(b"\x88\x80\0\0\0\0", 1005, id="close without a code"),
    pytest.param(b"\x88\x82\0\0\0\0\x00\x01", 1002, id="close with a bad code"),
]
"""Frames that break RFC 6455, and the code with which they close a WebSocket."""
UPGRADE = (
    b"GET /ws?q HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Mirror:
    """A WebSocket app that sends back what it gets, and keeps what it was told."""

    def __init__(self) -> None:
        self.scope: Scope = {}
        self.ended: Message | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept with the first subprotocol, then mirror until the end."""
        self.scope = scope
        await receive()
        first = next(iter(scope["subprotocols"]), None)
        await send({"type": "websocket.accept", "subprotocol": first, "headers": [(b"x-a", b"1")]})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.ended = message
                return
            if message.get("text") == "close":
                await send({"type": "websocket.close", "code": 4001, "reason": "asked"})
            else:
                await send({**message, "type": "websocket.send"})


async def test_websocket() -> None:
    """Text and binary go both ways, with a subprotocol and headers; the scope is like any other."""
    app = Mirror()
    async with serving(app, state={"x": 1}) as server:
        url = f"ws:{server.url}/a%20b?q"
        async with connect(
            url,
            subprotocols=[Subprotocol("chat"), Subprotocol("b")],
            additional_headers={"X_U": "1"},
        ) as ws:
            assert ws.subprotocol == "chat"
            assert ws.response is not None
            assert ws.response.headers["x-a"] == "1"
            await ws.send("text")
            assert await ws.recv() == "text"
            await ws.send(b"\x00\xff")
            assert await ws.recv() == b"\x00\xff"
            await (await ws.ping())
            assert server.serving.connections == 1
        await until(lambda: app.ended)
    scope = app.scope
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a b", b"/a%20b", b"q")
    assert (scope["type"], scope["scheme"], scope["state"]) == ("websocket", "ws", {"x": 1})
    assert b"x_u" not in dict(scope["headers"])


async def test_websocket_closed_by_app() -> None:
    """The app's close code and reason reach the client."""
    async with serving(Mirror()) as server, connect(f"ws:{server.url}") as ws:
        await ws.send("close")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await ws.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "asked")


async def test_websocket_closed_by_client() -> None:
    """A client that goes away is a disconnect."""
    app = Mirror()
    async with serving(app) as server:
        async with connect(f"ws:{server.url}") as ws:
            ws.transport.abort()
        await until(lambda: app.ended)
        await until(lambda: server.serving.connections == 0)


async def test_websocket_refused() -> None:
    """An app that closes before it accepts refuses with a 403."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.close"})

    async with serving(app) as server, server.client() as client:
        await client.send(UPGRADE + b"\r\n")
        assert (await client.response()).status == 403


async def test_websocket_denied() -> None:
    """An app can answer an upgrade with a response of its own."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert "websocket.http.response" in scope["extensions"]
        await receive()
        headers = [(b"content-length", b"4"), (b"x-a", b"1")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"deny"})

    async with serving(app) as server, server.client() as client:
        await client.send(UPGRADE + b"\r\n")
        response = await client.response()
        assert (response.status, response.body, response["server"]) == (401, b"deny", "snake")


async def test_websocket_drained() -> None:
    """A drain tells WebSockets that the service restarts: 1012, to client and app."""
    app = Mirror()
    async with serving(app) as server, connect(f"ws:{server.url}") as ws:
        await ws.send("hello")
        await ws.recv()
        drained = asyncio.create_task(server.serving.drain(PATIENCE))
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await ws.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        await drained
    assert app.ended == {"type": "websocket.disconnect", "code": 1012}


async def test_silent_websocket_stays() -> None:
    """No timeout of requests counts for a WebSocket."""
    settings = Settings(read_header_timeout=0.05, idle_timeout=0.05, read_idle_timeout=0.05)
    async with serving(Mirror(), settings) as server, connect(f"ws:{server.url}") as ws:
        await asyncio.sleep(0.3)
        await ws.send("still here")
        assert await ws.recv() == "still here"


@pytest.mark.parametrize(("frame", "code"), MISUSE)
async def test_websocket_misuse(frame: bytes, code: int) -> None:
    """Frames that break RFC 6455 close that WebSocket with its code for it, and nothing else."""
    app = Mirror()
    async with serving(app) as server, server.client() as client, server.client() as other:
        await client.send(UPGRADE + b"\r\n")
        assert (await client.response()).status == 101
        await client.send(frame)
        answer = await client.rest()
        assert answer[:1] == b"\x88"
        assert answer[2:4] == (b"" if code == 1005 else code.to_bytes(2, "big"))
        await until(lambda: app.ended)
        await other.send(UPGRADE + b"\r\n")
        assert (await other.response()).status == 101


@pytest.mark.parametrize(
    "lines",
    [
        b"Sec-WebSocket-Protocol: caf\xe9\r\n",
        b"Sec-WebSocket-Extensions: \xff\r\n",
        b"Sec-WebSocket-Version: 12\r\n",
    ],
)
async def test_bad_handshake(lines: bytes) -> None:
    """A handshake that is none is a GET like any other."""
    request = UPGRADE.replace(b"Sec-WebSocket-Version: 13\r\n", b"") if b"12" in lines else UPGRADE
    async with serving(echo) as server, server.client() as client:
        await client.send(request + lines + b"\r\n" + GET)
        assert (await client.response()).body == b"GET /ws "
        assert (await client.response()).body == b"GET / "


async def test_upgrade_with_body() -> None:
    """A request that has a body is no WebSocket: the body is a body."""
    request = UPGRADE.replace(b"GET", b"POST") + b"Content-Length: 2\r\n\r\nok"
    async with serving(echo) as server, server.client() as client:
        await client.send(request + GET)
        assert (await client.response()).body == b"POST /ws ok"
        assert (await client.response()).body == b"GET / "


async def test_websocket_client_takes_nothing() -> None:
    """A WebSocket whose client does not read is cut off."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "bytes": b"x" * 100_000})

    settings = Settings(write_idle_timeout=0.2)
    async with serving(app, settings) as server, server.client() as client:
        await client.send(UPGRADE + b"\r\n")
        assert (await client.response()).status == 101
        await until(lambda: server.serving.connections == 0)


async def test_plain_client() -> None:
    """An ordinary client finds an ordinary server."""
    async with serving(echo) as server, httpx.AsyncClient() as client:
        response = await client.post(f"http:{server.url}/x", content=b"ok")
        assert response.content == b"POST /x ok"


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "away"), (4321, "mine")])
async def test_close_code_of_the_client(code: int, reason: str) -> None:
    """The app hears the code and the reason with which its client closes."""
    app = Mirror()
    async with serving(app) as server:
        async with connect(f"ws:{server.url}") as ws:
            await ws.close(code, reason)
        await until(lambda: app.ended)
    assert app.ended == {"type": "websocket.disconnect", "code": code, "reason": reason}


async def test_close_without_a_code() -> None:
    """A client that closes without a code is 1005, as RFC 6455 has it."""
    app = Mirror()
    async with serving(app) as server, server.client() as client:
        await client.send(UPGRADE + b"\r\n")
        assert (await client.response()).status == 101
        await client.send(b"\x88\x80\0\0\0\0")
        await until(lambda: app.ended)
    assert app.ended == {"type": "websocket.disconnect", "code": 1005, "reason": ""}


async def test_failed_app_closes_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    """A WebSocket app that fails after it accepted closes with 1011; no second answer is tried."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        with pytest.raises(ResponseStartedError):
            await send({"type": "websocket.http.response.start", "status": 500})
        raise AbortError

    async with serving(app) as server, connect(f"ws:{server.url}") as ws:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await ws.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert not caplog.records


async def test_websocket_from_an_ipv4_client_of_a_dual_stack_socket() -> None:
    """IPv4 addresses are plain ones in the scope, also where the socket takes both families."""
    app = Mirror()
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as sock:
        serving = await serve(sock, app, Settings())
        port = sock.getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}") as ws:
            await ws.send("x")
            await ws.recv()
        await serving.drain(PATIENCE)
    assert app.scope["client"][0] == "127.0.0.1"
    assert app.scope["server"] == ("127.0.0.1", port)
