"""WebSockets of apps: handshake, refusal, messages, closing."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from h2.events import DataReceived, ResponseReceived
from h2.settings import SettingCodes
from websockets.asyncio.client import ClientConnection, connect
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.python.serving import asgi, listening, serving, under
from tests.transport.frames import H2, answer
from tests.transport.wire import Client

pytestmark = pytest.mark.usefixtures("way")

Scope = dict[str, Any]
Message = dict[str, Any]
Talk = Callable[[Any, Any], Awaitable[None]]

ACCEPT: Message = {"type": "websocket.accept"}


def app_of(talk: Talk, scopes: list[Scope] | None = None) -> Any:
    """Return an app that takes the handshake's message, and then talks."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        if scopes is not None:
            scopes.append(scope)
        assert await receive() == {"type": "websocket.connect"}
        await talk(receive, send)

    return app


async def echo(receive: Any, send: Any) -> None:
    """Accept, and send back what comes."""
    await send(dict(ACCEPT))
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            await send({"type": "websocket.send", "text": message["text"]})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})


async def test_scope_of_a_websocket() -> None:
    """The scope says what was asked for, and where the app is mounted."""
    scopes: list[Scope] = []
    handler = under("/app", asgi(app_of(echo, scopes), {"shared": 1}))
    async with (
        listening(handler) as port,
        connect(f"ws://127.0.0.1:{port}/app/x?q=1", subprotocols=["a", "b"]) as client,  # type: ignore[list-item]
    ):
        await client.send("x")
        await client.recv()

    (scope,) = scopes
    assert (scope["type"], scope["scheme"], scope["http_version"]) == ("websocket", "ws", "1.1")
    assert (scope["path"], scope["root_path"]) == ("/app/x", "/app")
    assert (scope["raw_path"], scope["query_string"]) == (b"/app/x", b"q=1")
    assert scope["subprotocols"] == ["a", "b"]
    assert scope["state"] == {"shared": 1}
    assert scope["client"][0] == "127.0.0.1"
    assert "websocket.http.response" in scope["extensions"]
    assert "method" not in scope


async def test_accepted_with_subprotocol_and_headers() -> None:
    """The acceptance can choose a subprotocol and add headers."""

    async def talk(receive: Any, send: Any) -> None:
        await send({**ACCEPT, "subprotocol": "b", "headers": [(b"x-mine", b"1"), (b"x-two", b"2")]})
        await receive()

    async with (
        listening(asgi(app_of(talk))) as port,
        connect(f"ws://127.0.0.1:{port}/", subprotocols=["a", "b"]) as client,  # type: ignore[list-item]
    ):
        assert client.subprotocol == "b"
        assert client.response is not None
        assert (client.response.headers["x-mine"], client.response.headers["x-two"]) == ("1", "2")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 900_000])
async def test_messages_arrive_whole(size: int) -> None:
    """Text and bytes of any size go both ways as they are."""
    text, data = "ä" * (size // 2), b"\0" * size
    async with (
        listening(asgi(app_of(echo))) as port,
        connect(f"ws://127.0.0.1:{port}/") as client,
    ):
        await client.send(text)
        assert await asyncio.wait_for(client.recv(), 10) == text
        await client.send(data)
        assert await asyncio.wait_for(client.recv(), 10) == data


async def test_many_messages_keep_their_order() -> None:
    """Nothing is lost or swapped when messages come faster than the app takes them."""

    async def talk(receive: Any, send: Any) -> None:
        await send(dict(ACCEPT))
        for number in range(2000):
            assert (await receive())["text"] == str(number)
            if number % 500 == 0:
                await asyncio.sleep(0.01)
        for number in range(2000):
            await send({"type": "websocket.send", "text": str(number)})
        await receive()

    async with (
        listening(asgi(app_of(talk))) as port,
        connect(f"ws://127.0.0.1:{port}/") as client,
    ):
        for number in range(2000):
            await client.send(str(number))
        async with asyncio.timeout(20):
            assert [await client.recv() for _ in range(2000)] == [str(n) for n in range(2000)]


async def refusal(talk: Talk) -> tuple[int, bytes, Headers]:
    """Return the status, the body and the headers with which a handshake is refused."""
    async with listening(asgi(app_of(talk))) as port:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://127.0.0.1:{port}/"):
                pass
    response = refused.value.response
    return response.status_code, bytes(response.body or b""), response.headers


async def test_closing_before_accepting_is_a_403() -> None:
    """An app that closes a WebSocket that it has not accepted refuses the handshake."""

    async def talk(_receive: Any, send: Any) -> None:
        await send({"type": "websocket.close"})

    assert (await refusal(talk))[0] == 403


async def test_denial_response() -> None:
    """An app can refuse with a response of its own."""

    async def talk(_receive: Any, send: Any) -> None:
        kind = "websocket.http.response"
        headers = [(b"x-why", b"because"), (b"content-length", b"8")]
        await send({"type": f"{kind}.start", "status": 401, "headers": headers})
        await send({"type": f"{kind}.body", "body": b"go ", "more_body": True})
        await send({"type": f"{kind}.body", "body": b"away!"})

    status, content, headers = await refusal(talk)

    assert (status, content, headers["x-why"]) == (401, b"go away!", "because")


async def test_failure_before_accepting_is_a_500() -> None:
    """An app that fails in the handshake gives a 500."""

    async def talk(_receive: Any, _send: Any) -> None:
        raise LookupError("nothing there")

    assert (await refusal(talk))[0] == 500


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "bye"), (4321, "ä" * 60)])
async def test_app_closes_with_code_and_reason(code: int, reason: str) -> None:
    """The client is told how the app closes."""

    async def talk(_receive: Any, send: Any) -> None:
        await send(dict(ACCEPT))
        await send({"type": "websocket.close", "code": code, "reason": reason})

    async with listening(asgi(app_of(talk))) as port, connect(f"ws://127.0.0.1:{port}/") as client:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(client.recv(), 5)

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)


async def test_app_that_returns_closes() -> None:
    """An app that returns without closing leaves nobody waiting, and is told on by 1011."""

    async def talk(_receive: Any, send: Any) -> None:
        await send(dict(ACCEPT))
        await send({"type": "websocket.send", "text": "last"})

    async with listening(asgi(app_of(talk))) as port, connect(f"ws://127.0.0.1:{port}/") as client:
        assert await asyncio.wait_for(client.recv(), 5) == "last"
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(client.recv(), 5)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011


async def leaves_politely(client: ClientConnection) -> None:
    await client.close(4001, "going")


async def breaks_off(client: ClientConnection) -> None:
    client.transport.abort()


@pytest.mark.parametrize(
    ("leave", "end"),
    [(leaves_politely, (4001, "going")), (breaks_off, (1006, ""))],
    ids=["close", "abort"],
)
async def test_app_hears_how_the_client_left(
    leave: Callable[[ClientConnection], Awaitable[None]], end: tuple[int, str]
) -> None:
    """`websocket.disconnect` has the client's code and reason; sending raises `OSError` then."""
    told: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
    refused = asyncio.Event()

    async def talk(receive: Any, send: Any) -> None:
        await send(dict(ACCEPT))
        message = await receive()
        told.set_result((message["code"], message.get("reason") or ""))
        assert (await receive())["type"] == "websocket.disconnect"
        try:
            await send({"type": "websocket.send", "text": "x"})
        except OSError:
            refused.set()

    async with listening(asgi(app_of(talk))) as port, connect(f"ws://127.0.0.1:{port}/") as client:
        await leave(client)
        assert await asyncio.wait_for(told, 5) == end
        await asyncio.wait_for(refused.wait(), 5)


async def test_message_of_the_wrong_type_is_the_apps_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An app that sends what is no message fails where it does so; its client sees 1011."""

    async def talk(_receive: Any, send: Any) -> None:
        await send(dict(ACCEPT))
        await send({"type": "websocket.send", "text": 5})

    async with listening(asgi(app_of(talk))) as port, connect(f"ws://127.0.0.1:{port}/") as client:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(client.recv(), 5)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


async def test_slow_client_slows_the_app() -> None:
    """An app that sends without end waits for a client that does not read."""
    sent = 0

    async def talk(_receive: Any, send: Any) -> None:
        nonlocal sent
        await send(dict(ACCEPT))
        while True:
            await send({"type": "websocket.send", "bytes": bytes(65_536)})
            sent += 1

    async with (
        serving(asgi(app_of(talk))) as url,
        connect(
            url.replace("http", "ws"), max_queue=1, compression=None, close_timeout=0.1
        ) as client,
    ):
        at = -1
        while at != sent:
            at = sent
            await asyncio.sleep(0.2)
        client.transport.abort()

    assert sent < 500


def text_frame(text: bytes) -> bytes:
    """Return a client's text frame, its mask all zeros (RFC 6455 §5.2)."""
    return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text


async def test_websocket_over_http2() -> None:
    """An extended CONNECT carries a WebSocket on a stream of HTTP/2 (RFC 8441)."""
    scopes: list[Scope] = []
    async with listening(asgi(app_of(echo, scopes))) as port:
        h2 = H2(Client(*await asyncio.open_connection("127.0.0.1", port)))
        await h2.begin()
        fields = [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", "http"),
            (":authority", "a"),
            (":path", "/x"),
            ("sec-websocket-version", "13"),
        ]
        h2.connection.send_headers(1, fields)
        await h2.flush()
        events = await h2.until(ResponseReceived)
        assert answer(events)[b":status"] == b"200"
        assert h2.connection.remote_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL] == 1
        h2.connection.send_data(1, text_frame(b"hello"))
        await h2.flush()
        (data,) = (e for e in await h2.until(DataReceived) if isinstance(e, DataReceived))
        assert data.data == b"\x81\x05hello"
        close = struct.pack(">H", 4000)
        h2.connection.send_data(1, bytes([0x88, 0x82]) + bytes(4) + close)
        await h2.flush()
        data = next(e for e in await h2.until(DataReceived) if isinstance(e, DataReceived))
        assert data.data == b"\x88\x02" + close
        h2.client.writer.close()

    assert (scopes[0]["http_version"], scopes[0]["path"]) == ("2", "/x")
