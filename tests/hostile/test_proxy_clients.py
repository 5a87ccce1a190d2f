"""Clients that would have an upstream see another request than the proxy did, or that vanish."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

import pytest
from h2.events import ConnectionTerminated, ResponseReceived, StreamEnded, StreamReset

from tests.proxy.proxying import OK, Peer, Upstream, proxy, site, upstream
from tests.transport.frames import FIELDS, H2, answer
from tests.transport.wire import GET, Client, Server, until

Fields = Sequence[tuple[str, str]]
POST = [(":method", "POST"), *FIELDS[1:3], (":path", "/")]
EVIL = "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n"
    b"Content-Length: %d\r\n\r\n"
)
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


def instead(name: str, value: str) -> Fields:
    """Return a request with another pseudo-field."""
    return [(name, value) if name == each else (each, had) for each, had in FIELDS]


@pytest.mark.parametrize(
    "fields",
    [
        [*FIELDS, ("x-a", "b\r\nX-Evil: 1")],
        [*FIELDS, ("x-a", f"b\r\n\r\n{EVIL}")],
        [*FIELDS, ("x-a", "b\nx-evil: 1")],
        [*FIELDS, ("x-a", "b\rx-evil: 1")],
        [*FIELDS, ("x-a", "b\0c")],
        [*FIELDS, ("x-a\r\nx-evil", "1")],
        [*FIELDS, ("x-a: 1\r\nx-evil", "1")],
        [*FIELDS, ("x-a:", "1")],
        [*FIELDS, ("x a", "1")],
        [*FIELDS, ("", "1")],
        [*FIELDS, ("X-A", "1")],
        [*FIELDS, ("transfer-encoding", "chunked")],
        [*FIELDS, ("connection", "x-a")],
        [*FIELDS, ("upgrade", "websocket")],
        [*FIELDS, ("keep-alive", "1")],
        [*FIELDS, ("host", "evil")],
        [*FIELDS, (":path", "/evil")],
        [("x-a", "1"), *FIELDS],
        instead(":method", "GET /evil HTTP/1.1\r\nX-A:"),
        instead(":method", "GET /evil"),
        instead(":method", ""),
        instead(":path", "/ HTTP/1.1\r\nX-Evil: 1"),
        instead(":path", "/a\0"),
        instead(":path", "/a\r\n"),
        instead(":path", ""),
        instead(":path", "evil"),
        instead(":authority", "a\r\nX-Evil: 1"),
        instead(":authority", "a b"),
        instead(":authority", "evil@a"),
        [*POST, ("content-length", "x")],
        [*POST, ("content-length", "-1")],
        [*POST, ("content-length", "+4")],
        [*POST, ("content-length", "4"), ("content-length", "5")],
        [*POST, ("content-length", "4, 4")],
    ],
)
async def test_http2_to_http1(fields: Fields) -> None:
    """What is no request in HTTP/1.1 is reset or a 400, and the upstream sees nothing of it."""
    async with upstream(OK) as up, proxy(up) as server:
        async with server.client() as client:
            h2 = H2(client)
            await h2.begin()
            body = b"body" if fields[0] == POST[0] else b""
            await h2.request(fields, body)
            events = await h2.until(StreamReset, StreamEnded, ConnectionTerminated)
            assert answer(events).get(b":status", b"400") == b"400"
        assert await is_served(server)
    assert [head.split(b" ")[1] for head in up.asked] == [b"/ok"]


async def test_space_in_an_http2_path() -> None:
    """It is a space in the path, as in Caddy; the upstream gets it encoded."""
    async with upstream(OK) as up, proxy(up) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(instead(":path", "/a HTTP/1.1"))
        await h2.until(StreamEnded)
    assert up.asked[0].startswith(b"GET /a%20HTTP/1.1 HTTP/1.1\r\n")


@pytest.mark.parametrize(("length", "size"), [(4, 60), (400, 60)], ids=["longer", "shorter"])
async def test_http2_body_of_another_length(length: int, size: int) -> None:
    """The upstream never gets more than was announced, nor a whole request that is less."""
    got: list[bytes] = []

    async def serve(peer: Peer) -> None:
        head = await peer.head()
        if b" /ok " in head:
            await peer.send(OK)
        else:
            got.append(await peer.rest())

    async with upstream(serve) as up, proxy(up) as server:
        async with server.client() as client:
            h2 = H2(client)
            await h2.begin()
            stream = h2.connection.get_next_available_stream_id()
            h2.connection.send_headers(stream, [*POST, ("content-length", str(length))])
            await h2.flush()
            h2.connection.send_data(stream, EVIL.encode().ljust(size)[:size], end_stream=True)
            await h2.flush()
            events = await h2.until(StreamReset, ConnectionTerminated, ResponseReceived)
            assert answer(events).get(b":status", b"400") == b"400"
        await until(lambda: up.open == 0)
        assert await is_served(server)
    assert all(len(each) <= length and b"/evil" not in each[length:] for each in got)


async def is_served(server: Server) -> bool:
    """Whether another client gets its own answer."""
    async with server.client() as client:
        await client.send(GET.replace(b" / ", b" /ok "))
        return (await client.response()).body == b"ok"


async def test_upgrade_with_a_body() -> None:
    """The body is one, and no tunnel: what follows it is the next request (CVE-2026-58055)."""
    evil = EVIL.encode()
    bodies: list[bytes] = []

    async def serve(peer: Peer) -> None:
        while True:
            head = await peer.head()
            peer.upstream.asked.append(head)
            if b"content-length" in head.lower():
                bodies.append(await peer.exactly(len(evil)))
            await peer.send(OK)

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(UPGRADE % len(evil) + evil + GET.replace(b" / ", b" /next "))
        assert (await client.response()).body == b"ok"
        assert (await client.response()).body == b"ok"

    assert bodies == [evil]
    assert [head.split(b" ")[1] for head in up.asked] == [b"/", b"/next"]
    assert b"upgrade" not in up.asked[0].lower()


async def test_upgrade_that_is_refused() -> None:
    """What a client says in the new protocol already is its next request, if it is one."""
    async with upstream(OK) as up, proxy(up) as server, server.client() as client:
        await client.send(UPGRADE % 0 + b"\0\1 of another protocol\r\n\r\n")
        assert (await client.response()).status == 200
        assert (await client.response()).status == 400
        await client.closed()
    assert len(up.asked) == 1


async def test_fields_of_the_site_stay() -> None:
    """A client that names a field in Connection removes its own, not the one that the site set."""
    setting = {"handler": "headers", "request": {"set": {"X-User": ["root"]}}}
    names = (b"X-User", b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Host", b"Via")
    lines = b"".join(b"%b: evil\r\n" % name for name in names)
    request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: %b, X-Hop\r\nX-Hop: 1\r\n%b\r\n"
    async with upstream(OK) as up:
        passing = {"handler": "reverse_proxy", "upstreams": [{"dial": up.address}]}
        async with site(setting, passing) as server, server.client() as client:
            await client.send(request % (b", ".join(names), lines))
            assert (await client.response()).status == 200

    (head,) = up.asked
    assert b"\r\nX-User: root\r\n" in head
    assert b"\r\nX-Forwarded-For: 127.0.0.1\r\n" in head
    assert b"evil" not in head
    assert b"X-Hop" not in head


async def waiting(peer: Peer) -> None:
    """Do as the path says, and wait for the end."""
    while True:
        head = await peer.head()
        peer.upstream.asked.append(head)
        if b" /ok " in head:
            await peer.send(OK)
            continue
        if b" /response " in head:
            await peer.send(ENDLESS)
        if b" /tunnel " in head:
            await peer.send(SWITCHED)
        await peer.rest()


def asking(path: str, *lines: str, method: str = "GET") -> bytes:
    """Return a request."""
    fields = "".join(f"{line}\r\n" for line in lines)
    return f"{method} /{path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode()


async def until_it_is_there(stage: str, client: Client, up: Upstream, number: int) -> None:
    """Wait until a request is in the middle of its stage."""
    if stage == "head":
        return
    if stage == "response":
        await client.reader.readuntil(b"hello")
    elif stage == "tunnel":
        await client.reader.readuntil(b"\r\n\r\n")
    else:
        await until(lambda: len(up.asked) > number)


STAGES = {
    "head": asking("head")[:-2],
    "upload": asking("upload", "Content-Length: 9", method="POST") + b"some",
    "chunks": asking("upload", "Transfer-Encoding: chunked", method="POST") + b"4\r\nsome\r\n",
    "wait": asking("wait"),
    "response": asking("response"),
    "tunnel": asking("tunnel", "Connection: Upgrade", "Upgrade: foo"),
}


def files() -> int:
    """Return how many files, sockets among them, this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.mark.parametrize("stage", STAGES)
async def test_two_hundred_that_vanish(stage: str) -> None:
    """Wherever a client goes, by FIN or RST, its upstream goes too: no file, no task is left."""
    async with upstream(waiting) as up, proxy(up) as server:
        assert await is_served(server)
        await until(lambda: server.serving.connections == 0)
        before, tasks, up.asked[:] = files(), len(asyncio.all_tasks()), []
        for number in range(200):
            async with server.client() as client:
                await client.send(STAGES[stage])
                await until_it_is_there(stage, client, up, number)
                if number % 2:
                    client.reset()
        await until(lambda: server.serving.connections == 0 and not server.serving.tasks)
        await until(lambda: up.open <= 1 and files() <= before)
        await until(lambda: len(asyncio.all_tasks()) <= tasks)
        assert await is_served(server)
