"""proxy: what follows a `101 Switching Protocols` goes both ways as it is."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol
from wsproto.events import CloseConnection, TextMessage

from tests.proxy.proxying import OK, Peer, proxy, upstream
from tests.transport.frames import H2
from tests.transport.sockets import CONNECT, Socket, closing
from tests.transport.wire import GET, PATIENCE, until

UPGRADE = b"GET /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n"
WEBSOCKET = (
    b"GET /w HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
WEBSOCKET_SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


async def echo(peer: Peer) -> None:
    """Switch, and send back what comes, until that ends."""
    await peer.head()
    await peer.send(SWITCHED)
    while data := await peer.reader.read(65_536):
        await peer.send(data)


async def test_bytes_go_both_ways() -> None:
    """Both sides may say anything once the protocol is switched."""
    async with upstream(echo) as up, proxy(up) as server, server.client() as client:
        await client.send(UPGRADE)
        response = await client.response()
        await client.send(b"\0\r\n\r\nGET / HTTP/1.1\r\n\r\n")

        assert response.status == 101
        assert (response["connection"], response["upgrade"]) == ("Upgrade", "foo")
        assert await client.reader.readexactly(23) == b"\0\r\n\r\nGET / HTTP/1.1\r\n\r\n"


async def test_megabytes_go_both_ways() -> None:
    """Neither side has to read before it has written all, and nothing is kept without bound."""
    data = bytes(range(256)) * 16_384
    async with upstream(echo) as up, proxy(up) as server, server.client() as client:
        await client.send(UPGRADE)
        await client.response()
        writing = asyncio.create_task(client.send(data))

        assert await client.reader.readexactly(len(data)) == data
        await writing


async def test_half_a_tunnel_may_be_closed() -> None:
    """A client that has no more to say still hears the upstream out."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCHED)
        said = await peer.rest()
        await peer.send(b"heard " + said)

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(UPGRADE)
        await client.response()
        await client.send(b"words")
        client.half_close()

        assert await client.rest() == b"heard words"


async def test_early_bytes() -> None:
    """What a client says before it has the answer is not lost, nor is what comes with it."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCHED + b"first ")
        await peer.send(await peer.exactly(5))

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(UPGRADE + b"early")
        await client.response()

        assert await client.rest() == b"first early"


async def test_websocket() -> None:
    """A WebSocket of a real client and a real server goes through, with its subprotocol."""

    async def serve(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with serve_websockets(serve, "127.0.0.1", 0, subprotocols=["chat"]) as ws:  # type: ignore[list-item]
        port = ws.sockets[0].getsockname()[1]
        async with (
            proxy(f"127.0.0.1:{port}") as server,
            connect(f"ws:{server.url}/x", subprotocols=["chat"]) as client,  # type: ignore[list-item]
        ):
            await client.send("hello")
            await client.send(b"\0" * 100_000)

            assert await client.recv() == "hello"
            assert await client.recv() == b"\0" * 100_000
            assert client.subprotocol == "chat"


async def test_early_bytes_of_a_websocket() -> None:
    """They are kept for the upstream."""

    async def serve(peer: Peer) -> None:
        head = await peer.head()
        assert b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" in head
        await peer.send(WEBSOCKET_SWITCHED)
        await peer.send(await peer.exactly(5))

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(WEBSOCKET + b"early")
        response = await client.response()

        assert response["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert await client.reader.readexactly(5) == b"early"


async def test_websocket_that_is_refused() -> None:
    """The client gets the response that the upstream gave in place of the handshake."""
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    async with upstream(answer) as up, proxy(up) as server:
        with pytest.raises(InvalidStatus) as raised:
            await connect(f"ws:{server.url}/x")

    assert (raised.value.response.status_code, raised.value.response.body) == (403, b"no")


@pytest.mark.parametrize(
    "request_head",
    [
        GET,
        b"GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: foo\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: bar\r\n\r\n",
        UPGRADE.replace(b"GET", b"POST")[:-2] + b"Content-Length: 2\r\n\r\nhi",
    ],
    ids=["not asked", "HTTP/1.0", "not a hop", "another protocol", "with a body"],
)
async def test_switch_that_nobody_wants(request_head: bytes) -> None:
    """An upstream that switches to what its client did not ask for gets nobody through: 502."""
    async with upstream(SWITCHED + OK) as up, proxy(up) as server, server.client() as client:
        await client.send(request_head)

        assert (await client.response()).status == 502
        await until(lambda: up.open == 0)


async def test_http2_is_not_switched_to() -> None:
    """An upgrade to HTTP/2 without encryption goes no further than here."""
    async with upstream(OK) as up, proxy(up) as server, server.client() as client:
        await client.send(UPGRADE.replace(b"foo", b"h2c"))

        assert (await client.response()).status == 200
    assert b"upgrade" not in up.asked[0].lower()


async def test_client_that_dies() -> None:
    """The upstream's side of a tunnel ends with the client's."""
    async with upstream(echo) as up, proxy(up) as server, server.client() as client:
        await client.send(UPGRADE)
        await client.response()
        client.reset()

        await until(lambda: up.open == 0)
        await until(lambda: server.serving.connections == 0)


async def test_upstream_that_dies() -> None:
    """The client's side of a tunnel ends with the upstream's."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCHED)

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(UPGRADE)
        await client.response()

        await client.closed()
        await until(lambda: server.serving.connections == 0)


async def test_stream_timeout() -> None:
    """A tunnel may last so long, and no longer."""
    async with (
        upstream(echo) as up,
        proxy(up, stream_timeout="100ms") as server,
        server.client() as client,
    ):
        await client.send(UPGRADE)
        await client.response()

        await client.closed()
        await until(lambda: up.open == 0)


async def test_server_that_stops() -> None:
    """A WebSocket hears from a server that stops: 1001, going away."""

    async def serve(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with serve_websockets(serve, "127.0.0.1", 0) as ws:
        port = ws.sockets[0].getsockname()[1]
        async with proxy(f"127.0.0.1:{port}") as server, connect(f"ws:{server.url}/") as client:
            draining = asyncio.create_task(server.serving.drain(5))
            with pytest.raises(ConnectionClosed):
                await client.recv()
            await draining

            assert client.close_code == 1001


async def test_close_delay() -> None:
    """Tunnels may be given time, beyond the grace period, when another server takes over."""
    async with (
        upstream(echo) as up,
        proxy(up, stream_close_delay="600ms") as server,
        server.client() as client,
    ):
        await client.send(UPGRADE)
        await client.response()
        draining = asyncio.create_task(server.serving.drain(0.2, 0.1))
        await asyncio.sleep(0.3)
        await client.send(b"still")

        assert await client.reader.readexactly(5) == b"still"
        await client.closed()
        await draining


async def test_websocket_over_http2() -> None:
    """A WebSocket that came by an extended CONNECT goes on to an upstream as an upgrade."""
    heads: list[str] = []

    async def mirror(ws: ServerConnection) -> None:
        assert ws.request is not None
        heads.append(ws.request.headers["Via"])
        async for message in ws:
            await ws.send(message)

    async with (
        serve_websockets(mirror, "127.0.0.1", 0, subprotocols=[Subprotocol("chat")]) as up,
        proxy(f"127.0.0.1:{next(iter(up.sockets)).getsockname()[1]}") as server,
        server.client() as client,
    ):
        h2 = H2(client)
        await h2.begin()
        socket = Socket(h2)
        assert await socket.open([*CONNECT, ("sec-websocket-protocol", "chat")]) == 200
        await socket.send("hello")
        assert await socket.receive() == TextMessage(data="hello")
        assert socket.fields[b"sec-websocket-protocol"] == b"chat"
        assert b"sec-websocket-accept" not in socket.fields
        await socket.send(CloseConnection(code=4000))
        assert (await closing(socket)).code == 4000
        await socket.over()
        await until(lambda: not server.serving.tasks)
    assert heads == ["2.0 snake"]


async def test_refused_websocket_over_http2() -> None:
    """What an upstream answers in place of a switch is the answer, over HTTP/2 too."""
    async with upstream(OK) as up, proxy(up) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        assert await Socket(h2).open() == 200
        await until(lambda: not server.serving.tasks)
    assert b"\r\nUpgrade: websocket\r\n" in up.asked[0]


async def test_close_delay_over_http2() -> None:
    """Tunnels over HTTP/2 are given the same time, and then told."""

    async def mirror(ws: ServerConnection) -> None:
        async for message in ws:
            await ws.send(message)

    async with (
        serve_websockets(mirror, "127.0.0.1", 0) as up,
        proxy(
            f"127.0.0.1:{next(iter(up.sockets)).getsockname()[1]}", stream_close_delay="600ms"
        ) as server,
        server.client() as client,
    ):
        h2 = H2(client)
        await h2.begin()
        socket = Socket(h2)
        await socket.open()
        # Not by `drain`: to this client the GOAWAY would be the end of everything.
        server.serving.patience = PATIENCE
        (connection,) = server.serving.clients()
        connection.tell_tunnels(websockets=False)
        assert connection.cut() > asyncio.get_running_loop().time()
        await socket.send("still")
        assert await socket.receive() == TextMessage(data="still")
        assert (await closing(socket)).code == 1001
        await socket.over()


async def test_no_close_delay_at_the_end() -> None:
    """When the server stops and nobody takes over, tunnels end at once, as those of Caddy."""
    async with (
        upstream(echo) as up,
        proxy(up, stream_close_delay="1h") as server,
        server.client() as client,
        server.client() as other,
    ):
        for each in (client, other):
            await each.send(UPGRADE)
            await each.response()
        draining = asyncio.create_task(server.serving.drain(None, PATIENCE))
        await asyncio.sleep(0.1)
        await client.send(b"still")
        assert await client.reader.readexactly(5) == b"still"
        server.serving.hasten()
        await client.closed()
        await other.closed()
        await draining
