"""proxy.http_client: how connections to upstreams are made, kept, shared and given up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from snake.core.errors import ConfigError
from tests.proxy.proxying import OK, Peer, answering, proxy, upstream
from tests.transport.wire import GET, Server, until

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


def http(**settings: Any) -> dict[str, Any]:
    """Return the transport with these settings."""
    return {"protocol": "http", **settings}


async def statuses(server: Server, *requests: bytes) -> list[int]:
    """Send requests one after another, each on a connection of its own."""
    found = []
    for request in requests:
        async with server.client() as client:
            await client.send(request)
            found.append((await client.response()).status)
    return found


async def test_without_keepalive() -> None:
    """Each request has a connection of its own, and says that it is the last."""
    settings = http(keep_alive={"enabled": False})
    async with upstream(OK) as up, proxy(up, transport=settings) as server:
        assert await statuses(server, GET, GET) == [200, 200]
        await until(lambda: up.open == 0)

    assert up.connections == 2
    assert b"\r\nConnection: close\r\n" in up.asked[0]


async def test_idle_connections_are_closed() -> None:
    """After `idle_timeout`."""
    settings = http(keep_alive={"idle_timeout": "50ms"})
    async with upstream(OK) as up, proxy(up, transport=settings) as server:
        assert await statuses(server, GET) == [200]
        await until(lambda: up.open == 0)
        assert await statuses(server, GET) == [200]

    assert up.connections == 2


@pytest.mark.parametrize("limit", ["max_idle_conns_per_host", "max_idle_conns"])
async def test_no_more_idle_connections_than_may_be(limit: str) -> None:
    """Those that were used last are closed when there are too many."""
    gate = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.head()
        await gate.wait()
        await peer.send(OK)
        await peer.rest()

    settings = http(keep_alive={limit: 2})
    async with upstream(serve) as up, proxy(up, transport=settings) as server:
        asking = [asyncio.create_task(statuses(server, GET)) for _ in range(5)]
        await until(lambda: up.connections == 5)
        gate.set()
        assert await asyncio.gather(*asking) == [[200]] * 5
        await until(lambda: up.open == 2)


async def test_no_more_connections_than_may_be() -> None:
    """Requests wait for one another, and all are answered."""
    settings = http(max_conns_per_host=2)
    most = 0

    async def serve(peer: Peer) -> None:
        nonlocal most
        most = max(most, peer.upstream.open)
        while True:
            await peer.head()
            await asyncio.sleep(0.005)
            await peer.send(OK)

    async with upstream(serve) as up, proxy(up, transport=settings) as server:
        asking = [asyncio.create_task(statuses(server, GET, GET)) for _ in range(10)]
        assert await asyncio.gather(*asking) == [[200, 200]] * 10

    assert most == 2


async def test_waiting_for_a_connection_may_be_given_up() -> None:
    """A client that goes away while it waits takes nobody's turn."""
    gate = asyncio.Event()

    async def serve(peer: Peer) -> None:
        while True:
            await peer.head()
            await gate.wait()
            await peer.send(OK)

    settings = http(max_conns_per_host=1)
    async with upstream(serve) as up, proxy(up, transport=settings) as server:
        first = asyncio.create_task(statuses(server, GET))
        await until(lambda: up.connections == 1)
        async with server.client() as leaving:
            await leaving.send(GET)
            await until(lambda: server.serving.connections == 2)
            third = asyncio.create_task(statuses(server, GET))
            await until(lambda: server.serving.connections == 3)
            leaving.reset()
        await until(lambda: server.serving.connections == 2)
        gate.set()

        assert (await first, await third) == ([200], [200])


async def closes_after_one(peer: Peer) -> None:
    """Answer one request, and close without a word when the second one comes."""
    await peer.head()
    await peer.send(OK)
    peer.upstream.asked.append(await peer.head())


async def test_connection_that_was_closed_meanwhile() -> None:
    """What can be repeated goes over another connection; what cannot is a 502."""
    async with upstream(closes_after_one) as up, proxy(up) as server:
        assert await statuses(server, GET, GET) == [200, 200]
        assert await statuses(server, POST) == [502]
        keyed = POST.replace(b"Host", b"Idempotency-Key: 1\r\nHost")
        assert await statuses(server, GET, keyed) == [200, 502]
        empty = b"DELETE / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: 1\r\n\r\n"
        assert await statuses(server, GET, empty) == [200, 200]


async def test_connection_on_which_the_upstream_speaks_first() -> None:
    """What comes when nothing was asked is no answer to the next request."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await asyncio.sleep(0.01)
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await peer.rest()

    async with upstream(serve) as up, proxy(up) as server:
        assert await statuses(server, GET) == [200]
        await until(lambda: up.open == 0)
        assert await statuses(server, GET) == [200]


async def test_upstream_that_closes_at_once() -> None:
    """It is a 502, and is not tried again and again."""

    async def serve(peer: Peer) -> None:
        await peer.head()

    async with upstream(serve) as up, proxy(up) as server:
        assert await statuses(server, GET) == [502]
    assert up.connections == 1


async def never(peer: Peer) -> None:
    """Read, and never answer."""
    await peer.rest()


@pytest.mark.parametrize("setting", ["response_header_timeout", "read_timeout"])
@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
async def test_upstream_that_does_not_answer(setting: str, request_: bytes) -> None:
    """It is a 504."""
    async with upstream(never) as up, proxy(up, transport=http(**{setting: "100ms"})) as server:
        assert await statuses(server, request_) == [504]
        await until(lambda: up.open == 0)


async def test_response_that_stalls() -> None:
    """It is broken off after `read_timeout`; without it, it may take its time."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        await peer.rest()

    async with (
        upstream(serve) as up,
        proxy(up, transport=http(read_timeout="100ms")) as server,
        server.client() as client,
    ):
        await client.send(GET)

        await client.reader.readuntil(b"\r\n\r\nhe")
        await client.closed()


async def test_response_to_a_slow_client_does_not_stall() -> None:
    """The time in which the client takes nothing is not the upstream's."""
    size = 8_000_000

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
        await peer.rest()

    async with (
        upstream(serve) as up,
        proxy(up, transport=http(read_timeout="200ms")) as server,
        server.client() as client,
    ):
        await client.send(GET)
        await asyncio.sleep(0.6)

        assert len((await client.response()).body) == size


async def test_upstream_that_does_not_take_the_request() -> None:
    """It is a 504 after `write_timeout`."""

    async def serve(peer: Peer) -> None:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(30)

    size = 50_000_000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
    async with (
        upstream(serve) as up,
        proxy(up, transport=http(write_timeout="200ms")) as server,
        server.client() as client,
    ):
        sending = asyncio.create_task(client.send(head + bytes(size)))
        try:
            assert (await client.response()).status == 504
        finally:
            sending.cancel()


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("v1", b"PROXY TCP4 127.0.0.1 0.0.0.0 0 0\r\n"),
        ("v2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\0\0\0\0\0\0\0\0"),
    ],
)
async def test_proxy_protocol(version: str, expected: bytes) -> None:
    """An upstream is told of the client before the first request of a connection."""
    heads = []

    async def serve(peer: Peer) -> None:
        heads.append(await peer.exactly(len(expected)))
        await answering(OK)(peer)

    settings = http(proxy_protocol=version)
    async with upstream(serve) as up, proxy(up, transport=settings) as server:
        assert await statuses(server, GET, GET) == [200, 200]

    assert heads == [expected]
    assert len(up.asked) == 2


async def test_without_a_network_proxy() -> None:
    """That may be said."""
    settings = http(network_proxy={"from": "none"})
    async with upstream(OK) as up, proxy(up, transport=settings) as server:
        assert await statuses(server, GET) == [200]


async def test_unix_socket(tmp_path: Path) -> None:
    """An upstream may be a Unix socket."""
    async with upstream(OK, path=tmp_path / "u.sock") as up, proxy(up) as server:
        assert await statuses(server, GET, GET) == [200, 200]

    assert up.connections == 1


async def test_unix_socket_that_is_not_there(tmp_path: Path) -> None:
    """It is a 502."""
    async with proxy(f"unix/{tmp_path}/none") as server:
        assert await statuses(server, GET) == [502]


async def test_local_address() -> None:
    """Connections come from the address that is configured."""
    peers = []

    async def serve(peer: Peer) -> None:
        peers.append(peer.writer.get_extra_info("peername")[0])
        await answering(OK)(peer)

    settings = http(local_address="127.0.0.2")
    async with upstream(serve) as up, proxy(up, transport=settings) as server:
        assert await statuses(server, GET) == [200]

    assert peers == ["127.0.0.2"]


async def test_upstream_by_name() -> None:
    """Every address of a name is tried."""
    async with upstream(OK) as up:
        port = up.address.rpartition(":")[2]
        async with proxy(f"localhost:{port}") as server:
            assert await statuses(server, GET) == [200]


async def test_name_that_does_not_exist() -> None:
    """It is a 502."""
    async with proxy("nobody.invalid:80") as server:
        assert await statuses(server, GET) == [502]


async def test_continue_is_waited_for() -> None:
    """With `expect_continue_timeout` the body waits for the upstream's 100."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"

    async def serve(peer: Peer) -> None:
        await peer.head()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.reader.read(1), 0.05)
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await peer.exactly(2) == b"hi"
        await peer.send(OK)

    settings = http(expect_continue_timeout="20s")
    async with (
        upstream(serve) as up,
        proxy(up, transport=settings) as server,
        server.client() as client,
    ):
        await client.send(head)
        assert (await client.response()).status == 100
        await client.send(b"hi")
        assert (await client.response()).status == 200


async def test_body_that_the_upstream_does_not_want() -> None:
    """It may answer before it says 100; the connection is not used again."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    no = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    settings = http(expect_continue_timeout="20s")
    async with upstream(no) as up, proxy(up, transport=settings) as server:
        assert await statuses(server, head) == [413]
        await until(lambda: up.open == 0)


@pytest.mark.parametrize(
    ("settings", "path", "message"),
    [
        ({"versions": ["1.1", "1.0"]}, "versions/1", "unsupported HTTP version: 1.0"),
        ({"versions": ["3"]}, "versions/0", "HTTP/3 to upstreams is not available"),
        ({"network_proxy": {"from": "url", "url": "http://a"}}, "network_proxy", "does not run"),
        ({"network_proxy": {"from": "nobody"}}, "network_proxy", "nobody"),
        ({"forward_proxy_url": "http://a"}, "forward_proxy_url", "is not available"),
        ({"proxy_protocol": "v3"}, "proxy_protocol", "unexpected proxy protocol version"),
        ({"local_address": "udp/a:1"}, "local_address", "must be a TCP address"),
        ({"local_address": "127.0.0.1:1-2"}, "local_address", "not a port range"),
        ({"dial_timeout": "5x"}, "dial_timeout", "5x"),
        ({"resolver": {"addresses": ["unix//a"]}}, "resolver/addresses/0", "udp or tcp"),
        ({"keep_alive": {"idle_timeout": "x"}}, "keep_alive/idle_timeout", "x"),
    ],
)
async def test_wrong_settings(settings: dict[str, Any], path: str, message: str) -> None:
    """They stop the start, and are told with their place."""
    with pytest.raises(ConfigError) as raised:
        async with proxy("a:1", transport=http(**settings)):
            pass
    assert path in raised.value.path
    assert message in str(raised.value)
