"""What connections with TLS become: tunnels and WebSockets."""

from __future__ import annotations

import ssl

import pytest
import trustme
from websockets.asyncio.client import connect

from snake.tls.secured import SECURED
from snake.transport.asgi import CLIENT, Receive, Scope, Send
from tests.transport.crypt import EC, connected, encrypting, issue, trusting
from tests.transport.wire import serving

CA = trustme.CA(key_type=EC)
LOCALHOST = issue(CA, "localhost", "127.0.0.1")


async def test_tunnel() -> None:
    """After a 101 bytes go both ways, and the end of one side is not that of the other."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        start = {"type": "http.response.start", "status": 101, "upgrade": b"echo"}
        await send(start)
        tunnel = scope["extensions"][CLIENT].take_over()
        while data := await tunnel.read():
            await tunnel.write(data)
        await tunnel.write(b"the end")
        tunnel.end()
        assert await tunnel.read() == b""
        tunnel.close()

    request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
    body = bytes(range(256)) * 4000
    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        connected(server, trusting(CA)) as client,
    ):
        await client.send(request)
        assert (await client.read()).startswith(b"HTTP/1.1 101 ")
        await client.send(body)
        came = b""
        while len(came) < len(body):
            came += await client.read()
        with pytest.raises(ssl.SSLWantReadError):
            client.session.unwrap()
        await client.flush()
        came += await client.read_to_end()
    assert came == body + b"the end"
    assert client.ended


async def test_websocket() -> None:
    """A WebSocket over TLS has the scheme wss, and ends as one without."""
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})

    async with serving(app, encryption=await encrypting(LOCALHOST)) as server:
        url = f"wss:{server.url}/ws"
        async with connect(url, ssl=trusting(CA), server_hostname="localhost") as socket:
            for text in ("one", "x" * 100_000):
                await socket.send(text)
                assert await socket.recv() == text
    assert scopes[0]["scheme"] == "wss"
    assert scopes[0][SECURED].server_name == "localhost"
