"""handle_response at work: what is left of responses, bodies and clients on the way."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.proxy.proxying import OK, Peer, caddyfile, upstream
from tests.proxy.test_attempts import eventually, keep_quiet, requests_under_way
from tests.proxy.test_handler import refusing
from tests.transport.wire import GET

BIG = 3_000_000
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"


def routed(first: str, inside: str, after: str = "respond after") -> str:
    """Return a site that asks `first`, deals with any response inside, and goes on after it."""
    return f"""
        route {{
            reverse_proxy {first} {{
                handle_response {{
                    {inside}
                }}
            }}
            {after}
        }}
    """


async def test_a_short_response_keeps_its_connection() -> None:
    """A body that nobody wants is read as far as it is here, and the connection used again."""
    async with (
        upstream(OK) as first,
        caddyfile(routed(first.address, "vars a b")) as server,
        server.client() as client,
    ):
        for _ in range(5):
            await client.send(GET)
            assert (await client.response()).body == b"after"

        assert first.connections == 1


async def test_a_long_response_that_nobody_wants_is_given_up() -> None:
    """Its connection is closed, and the upstream need not send all of it."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG + b"x" * 1000)
        await peer.rest()

    async with (
        upstream(serve) as first,
        caddyfile(routed(first.address, "vars a b")) as server,
        server.client() as client,
    ):
        await client.send(GET)
        assert (await client.response()).body == b"after"
        await eventually(lambda: not first.open)


async def test_a_long_response_is_copied() -> None:
    """copy_response streams, and the client sets the pace."""
    body = b"0123456789" * (BIG // 10)
    answer = b"HTTP/1.1 203 Fine\r\nContent-Length: %d\r\nX-A: 1\r\n\r\n" % BIG + body
    async with (
        upstream(answer) as first,
        caddyfile(routed(first.address, "copy_response 202")) as server,
        server.client() as client,
    ):
        for _ in range(3):
            await client.send(GET)
            response = await client.response()
            assert (response.status, response.body, response["x-a"]) == (202, body, "1")

        assert first.connections == 1


async def test_a_copied_response_that_breaks_off() -> None:
    """The client sees that it is not complete."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

    async with (
        upstream(serve) as first,
        caddyfile(routed(first.address, "copy_response")) as server,
        server.client() as client,
    ):
        await client.send(GET)
        answer = await client.rest()

    assert b"Content-Length: 9" in answer or answer == b"(reset)"
    assert not answer.endswith(b"half" + b"\0" * 5)


async def test_a_client_that_leaves_while_what_follows_is_asked() -> None:
    """Both upstreams are let go, and neither counts the request any more."""
    async with (
        upstream(OK) as first,
        upstream(keep_quiet) as second,
        caddyfile(routed(first.address, "vars a b", f"reverse_proxy {second.address}")) as server,
    ):
        async with server.client() as client:
            await client.send(GET)
            await eventually(lambda: bool(second.asked))
            assert sorted(requests_under_way())[-2:] == [1, 1]
        await eventually(lambda: not second.open)
        await eventually(lambda: not any(requests_under_way()))


async def test_a_client_that_leaves_while_a_response_is_copied() -> None:
    """The upstream is let go though it says nothing more."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        peer.upstream.asked.append(b"")
        await peer.rest()

    async with (
        upstream(serve) as first,
        caddyfile(routed(first.address, "copy_response")) as server,
    ):
        async with server.client() as client:
            await client.send(GET)
            await eventually(lambda: bool(first.asked))
        await eventually(lambda: not first.open)
        await eventually(lambda: not any(requests_under_way()))


@pytest.mark.parametrize(
    "inside",
    ["error 500", "abort", "copy_response {\nstatus {rp.nothing}\n}", "respond done 201"],
)
async def test_whatever_the_routes_do_the_response_is_let_go(inside: str) -> None:
    """The request counts no more, and a connection is not left behind half read."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        await peer.rest()

    async with (
        upstream(serve) as first,
        caddyfile(routed(first.address, inside)) as server,
        server.client() as client,
    ):
        await client.send(GET)
        await client.reader.read(1)
        await eventually(lambda: not first.open)
        assert not any(requests_under_way())


async def test_a_body_that_the_first_upstream_got_is_gone() -> None:
    """What follows and wants the body is refused; what does not is not."""
    async with upstream(OK.replace(b"OK", b"Fine")) as first, upstream(OK) as second:
        after = f"reverse_proxy {second.address}"
        async with (
            caddyfile(routed(first.address, "vars a b", after)) as server,
            server.client() as client,
        ):
            await client.send(POST)
            assert (await client.response()).status == 502
            assert second.connections == 0
        async with (
            caddyfile(routed(first.address, "vars a b")) as server,
            server.client() as client,
        ):
            await client.send(POST)
            assert (await client.response()).body == b"after"
            await client.send(GET)
            assert (await client.response()).body == b"after"


async def test_a_body_that_no_upstream_got_is_there() -> None:
    """A first upstream that is asked by GET leaves it to what follows."""
    got = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.head()
        assert await peer.exactly(5) == b"hello"
        got.set()
        await peer.send(OK)

    async with upstream(OK) as first, upstream(serve) as second:
        site = f"""
            forward_auth {first.address} {{
                uri /auth
            }}
            reverse_proxy {second.address}
        """
        async with caddyfile(site) as server, server.client() as client:
            await client.send(POST)
            assert (await client.response()).body == b"ok"
            assert got.is_set()
            assert b"content-length" not in first.asked[0].lower()


async def test_a_websocket_passes_a_guard_and_a_backend_that_is_gone() -> None:
    """It is asked about like any GET, and goes to the first backend that can be dialled."""

    async def echo(socket: ServerConnection) -> None:
        assert socket.request is not None
        async for message in socket:
            await socket.send(f"{message!s} {socket.request.headers['X-User']}")

    answer = b"HTTP/1.1 200 OK\r\nX-User: ada\r\nContent-Length: 0\r\n\r\n"
    async with serve(echo, "127.0.0.1", 0) as app, upstream(answer) as authority:
        port = next(iter(app.sockets)).getsockname()[1]
        site = f"""
            forward_auth {authority.address} {{
                uri /auth
                copy_headers X-User
            }}
            reverse_proxy {refusing()} 127.0.0.1:{port} {{
                lb_policy first
            }}
        """
        async with caddyfile(site) as server:
            async with connect(f"ws:{server.url}/") as client:
                await client.send("hello")
                assert await client.recv() == "hello ada"
                assert sorted(requests_under_way())[-1:] == [1]
            await eventually(lambda: not any(requests_under_way()))
        assert authority.asked[0].startswith(b"GET /auth ")
