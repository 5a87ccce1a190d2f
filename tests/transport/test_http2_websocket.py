"""WebSockets over HTTP/2 (RFC 8441): each is a stream, and what goes wrong with it is its own."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from h2.settings import SettingCodes
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

from snake.transport.asgi import ASGIApp, Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.frames import FIELDS, H2
from tests.transport.sockets import CONNECT, Socket, closing
from tests.transport.test_websocket import MISUSE, Mirror
from tests.transport.wire import PATIENCE, Server, hello, serving, steady, until


@asynccontextmanager
async def talking(
    app: ASGIApp, settings: Settings | None = None
) -> AsyncIterator[tuple[Server, H2]]:
    """Serve an app to a client of HTTP/2."""
    async with serving(app, settings) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        yield server, h2


def without(name: str) -> list[tuple[str, str]]:
    """Return the fields of a handshake but for one."""
    return [field for field in CONNECT if field[0] != name]


async def test_messages() -> None:
    """Texts, bytes and pings go both ways, beside each other and beside requests."""
    app = Mirror()
    async with talking(app) as (_, h2):
        first, second = Socket(h2), None
        assert await first.open() == 200
        second = Socket(h2)
        assert await second.open() == 200
        await second.send("two")
        assert await second.receive() == TextMessage(data="two")
        await first.send(BytesMessage(data=bytes(100_000)))
        assert await first.receive() == BytesMessage(data=bytes(100_000))
        await first.send(Ping(payload=b"p"))
        assert await first.receive() == Pong(payload=b"p")
    assert h2.connection.remote_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL] == 1
    assert (app.scope["type"], app.scope["scheme"]) == ("websocket", "ws")
    assert (app.scope["path"], app.scope["query_string"]) == ("/ws", b"x")
    assert (app.scope["http_version"], "method" in app.scope) == ("2", False)
    assert (b"host", b"a") in app.scope["headers"]


async def test_both_ends_close() -> None:
    """The app hears the code of its client; the client hears that of the app."""
    app = Mirror()
    async with talking(app) as (server, h2):
        socket = Socket(h2)
        await socket.open()
        await socket.send(CloseConnection(code=4321, reason="mine"))
        assert (await closing(socket)).code == 4321
        await until(lambda: app.ended)
        socket = Socket(h2)
        await socket.open()
        await socket.send("close")
        assert (await closing(socket)).code == 4001
        await socket.send(CloseConnection(code=4001))
        await until(lambda: not server.serving.tasks)
    assert app.ended is not None


async def test_client_that_resets_its_stream() -> None:
    """A stream that ends without a close is a disconnect, and the end of that stream alone."""
    app = Mirror()
    async with talking(app) as (server, h2):
        socket = Socket(h2)
        await socket.open()
        h2.connection.reset_stream(socket.stream, 8)
        await h2.flush()
        await until(lambda: app.ended)
        assert app.ended is not None
        assert app.ended["code"] == 1006
        await until(lambda: not server.serving.tasks)
        assert await Socket(h2).open() == 200


async def test_denied_and_refused() -> None:
    """An app can refuse with a 403, or answer with a response of its own."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if scope["path"] == "/refused":
            await send({"type": "websocket.close"})
            return
        headers = [(b"X-A", b"1"), (b"connection", b"close")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"deny"})

    async with talking(app) as (_, h2):
        socket = Socket(h2)
        assert await socket.open() == 401
        assert (socket.fields[b"x-a"], socket.fields[b"server"]) == (b"1", b"snake")
        assert b"connection" not in socket.fields
        refused = [(name, value.replace("/ws?x", "/refused")) for name, value in CONNECT]
        assert await Socket(h2).open(refused) == 403


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param([CONNECT[0], CONNECT[3]], 405, id="a tunnel to anywhere"),
        pytest.param(without("sec-websocket-version"), 501, id="another protocol"),
        pytest.param([*CONNECT, ("sec-websocket-protocol", "caf\xe9")], 400, id="not ASCII"),
        pytest.param([*CONNECT, ("connection", "upgrade")], 0, id="of a connection"),
        pytest.param([*CONNECT, ("host", "b")], 400, id="two hosts"),
        pytest.param(without(":authority"), 400, id="no host"),
    ],
)
async def test_what_is_no_handshake(fields: list[tuple[str, str]], status: int) -> None:
    """It is answered with an error, or reset; the app sees nothing of it."""
    app = Mirror()
    async with talking(app) as (_, h2):
        assert await Socket(h2).open(fields) == status
        assert await Socket(h2).open() == 200
    assert app.scope["http_version"] == "2"


@pytest.mark.parametrize(("frame", "code"), MISUSE)
async def test_misuse(frame: bytes, code: int) -> None:
    """Frames that break RFC 6455 close that WebSocket with its code for it, and nothing else."""
    app = Mirror()
    async with talking(app) as (_, h2):
        socket = Socket(h2)
        await socket.open()
        await socket.send_bytes(frame)
        assert (await closing(socket)).code == code
        await until(lambda: app.ended)
        assert await Socket(h2).open() == 200


async def test_deflate_bomb() -> None:
    """A kilobyte that would be 100 MB is a message too big; it is not inflated."""
    app = Mirror()
    async with talking(app) as (_, h2):
        socket = Socket(h2, [PerMessageDeflate()])
        fields = [*CONNECT, ("sec-websocket-extensions", "permessage-deflate")]
        assert await socket.open(fields) == 200
        assert b"permessage-deflate" in socket.fields[b"sec-websocket-extensions"]
        deflate = zlib.compressobj(9, wbits=-15)
        bomb = deflate.compress(bytes(100_000_000)) + deflate.flush(zlib.Z_SYNC_FLUSH)[:-4]
        head = b"\xc2\xff" + len(bomb).to_bytes(8, "big") + bytes(4)
        for at in range(0, len(bomb), 10_000):
            await socket.send_bytes((head if not at else b"") + bomb[at : at + 10_000])
        assert (await closing(socket)).code == 1009
        await until(lambda: app.ended)


async def test_message_in_tiny_frames() -> None:
    """A message in many frames is bounded like any other."""
    settings = Settings()
    app = Mirror()
    async with talking(app, settings) as (_, h2):
        socket = Socket(h2)
        await socket.open()
        await socket.send_bytes(b"\x01\x81\0\0\0\0a" + b"\x00\x81\0\0\0\0a" * 5_000)
        await socket.send_bytes(b"\x80\x80\0\0\0\0")
        event = await socket.receive()
        assert isinstance(event, TextMessage)
        assert event.data == "a" * 5_001


async def test_drain() -> None:
    """A drain tells WebSockets that the service restarts: 1012, to client and app."""
    app = Mirror()
    async with talking(app) as (server, h2):
        socket = Socket(h2)
        await socket.open()
        drained = asyncio.create_task(server.serving.drain(PATIENCE))
        assert (await closing(socket)).code == 1012
        await socket.send(CloseConnection(code=1012))
        await socket.over()
        h2.client.writer.close()
        await asyncio.wait_for(drained, PATIENCE)
    assert app.ended == {"type": "websocket.disconnect", "code": 1012}


async def test_silent_one_stays() -> None:
    """No timeout of requests counts for a WebSocket, nor that of an idle connection."""
    settings = Settings(
        read_header_timeout=0.05,
        idle_timeout=0.05,
        read_idle_timeout=0.05,
        read_timeout=0.05,
        write_timeout=0.05,
    )
    async with talking(Mirror(), settings) as (_, h2):
        socket = Socket(h2)
        await socket.open()
        await asyncio.sleep(0.3)
        await socket.send("still here")
        assert await socket.receive() == TextMessage(data="still here")


async def test_client_takes_nothing() -> None:
    """A WebSocket whose client opens no window is reset, and its app let go."""
    gone = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await hello(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "bytes": b"x" * 100_000})
        finally:
            gone.set()

    async with talking(app, Settings(write_idle_timeout=0.2)) as (_, h2):
        h2.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1000})
        socket = Socket(h2)
        await socket.open()
        await socket.over()
        assert socket.reset is not None
        await asyncio.wait_for(gone.wait(), PATIENCE)
        await h2.request(FIELDS)


async def test_app_takes_nothing() -> None:
    """An app that reads no messages holds up its own client, and no other stream."""
    hold = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        if scope["query_string"] == b"x":
            await hold.wait()
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})

    async with talking(app) as (_, h2):
        socket = Socket(h2)
        await socket.open()
        frame = b"\x82\xfe" + (10_000).to_bytes(2, "big") + bytes(4 + 10_000)
        window = h2.connection.local_flow_control_window
        while window(socket.stream) > len(frame):
            await socket.send_bytes(frame)
        assert await steady(lambda: window(socket.stream)) <= len(frame)
        other = Socket(h2)
        await other.open([(name, value.replace("?x", "")) for name, value in CONNECT])
        await other.send("hello")
        assert await other.receive() == TextMessage(data="hello")
        hold.set()
