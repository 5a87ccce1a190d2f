"""Upstreams that answer wrongly, too much, half, or too early: no client gets another's answer.

What Caddy makes of such answers is compared in `differential/scenarios/proxy_transport.toml`.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import resource
import socket
import struct
import zlib
from pathlib import Path
from time import perf_counter

import pytest
from h2.events import StreamEnded, StreamReset

from tests.proxy.certificates import Certificates
from tests.proxy.proxying import OK, Peer, Serve, proxy, upstream
from tests.transport.frames import FIELDS, H2
from tests.transport.wire import GET, Server, until

HI = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
ASK_OK = GET.replace(b" / ", b" /ok ")
HTTP10 = GET.replace(b"HTTP/1.1", b"HTTP/1.0")


def saying(data: bytes) -> Serve:
    """Return an upstream that answers with these bytes and waits; `/ok` is answered well."""

    async def serve(peer: Peer) -> None:
        while True:
            await peer.send(OK if b" /ok " in await peer.head() else data)

    return serve


def breaking(data: bytes, *, reset: bool = False) -> Serve:
    """Return an upstream that closes after these bytes, or resets the connection."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(data)
        if reset:
            sock = peer.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.writer.transport.abort()
        else:
            peer.writer.write_eof()
            await peer.rest()

    return serve


async def is_served(server: Server) -> bool:
    """Whether another client gets its own answer."""
    async with server.client() as client:
        await client.send(ASK_OK)
        return (await client.response()).body == b"ok"


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"<html>HTTP/0.9</html>",
        b"\x16\x03\x01\x00\x05hello",
        b"HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nX: a\r\nX: b\0\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b=c\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nevil",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n" + EVIL,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + EVIL,
        HINT * 101 + HI,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 2000 + b"Content-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 11_000_000 + b"\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 11_000_000,
        b"HTTP/1.1 200 OK\r\nA: b\n\n" + EVIL,
    ],
    ids=[
        *("garbage", "HTTP/0.9", "TLS", "two status lines", "NUL", "bare CR", "two framings"),
        *("two lengths", "101", "101 without a protocol", "interim storm", "many fields"),
        *("long field", "no end", "bare LF"),
    ],
)
async def test_no_answer(data: bytes) -> None:
    """It is one 502, and nothing more is read from that connection."""
    async with upstream(saying(data)) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        while (response := await client.response()).status == 103:
            pass
        assert (response.status, response.all("x"), response.all("set-cookie")) == (502, [], [])
        await until(lambda: up.open == 0)
        await client.send(ASK_OK)
        assert (await client.response()).body == b"ok"


async def test_words_before_the_request() -> None:
    """An upstream that speaks first, as SMTP does, is not taken for one of HTTP."""

    async def serve(peer: Peer) -> None:
        await peer.send(b"220 mail.example ESMTP\r\n")
        await peer.rest()

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).status == 502
        await until(lambda: up.open == 0)


@pytest.mark.parametrize(
    ("request_", "data", "body"),
    [
        (GET, HI + EVIL, b"hi"),
        (GET, HI + b"\r\n", b"hi"),
        (GET, CHUNKED + b"2\r\nhi\r\n0\r\n\r\n" + EVIL, b"hi"),
        (GET, b"HTTP/1.1 204 No Content\r\n\r\nbody" + EVIL, b""),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody" + EVIL, b""),
        (GET.replace(b"GET", b"HEAD"), HI + EVIL, b""),
        (GET, HINT + HI + HINT, b"hi"),
    ],
    ids=["length", "CRLF", "chunks", "204", "304", "HEAD", "interim"],
)
async def test_more_than_the_answer(request_: bytes, data: bytes, body: bytes) -> None:
    """What follows an answer is none to the next request: the connection is not used again."""
    method = request_.split(b" ")[0].decode()
    async with upstream(saying(data)) as up, proxy(up) as server, server.client() as client:
        await client.send(request_)
        while (response := await client.response(method)).status == 103:
            pass
        assert response.body == body
        await until(lambda: up.open == 0)
        await client.send(ASK_OK)
        assert (await client.response()).body == b"ok"
        assert up.connections == 2


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
        CHUNKED + b"2\r\nhi\r\n",
        CHUNKED + b"2\r\nhi\r\n0\r\nX: a\r\n",
        CHUNKED + b"2\r\nhi\r\nevil",
        CHUNKED + b"2\r\nhi\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
        + gzip.compress(b"hello hello hello")[:20],
    ],
    ids=["length", "chunks", "trailers", "no chunk", "negative", "gzip"],
)
async def test_half_an_answer(data: bytes, reset: bool) -> None:  # noqa: FBT001
    """Clients see that it is not whole, of whatever protocol they are."""
    async with upstream(breaking(data, reset=reset)) as up, proxy(up) as server:
        async with server.client() as client:
            await client.send(GET)
            assert not (await client.rest()).endswith(b"0\r\n\r\n")
        async with server.client() as client:
            await client.send(HTTP10)
            assert (await client.rest()).endswith((b"(reset)", b"Content-Length: 5\r\n\r\nhi"))
        async with server.client() as client:
            h2 = H2(client)
            await h2.begin()
            await h2.request(FIELDS)
            events = await h2.until(StreamEnded, StreamReset)
            assert any(isinstance(event, StreamReset) for event in events)
        await until(lambda: up.open == 0)


async def test_end_that_is_a_reset() -> None:
    """A body that ends with its connection does not end with a reset of it."""
    data = b"HTTP/1.1 200 OK\r\n\r\nhi"
    async with (
        upstream(breaking(data, reset=True)) as up,
        proxy(up) as server,
        server.client() as client,
    ):
        await client.send(GET)
        assert not (await client.rest()).endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("sent", [b"H", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nX: a\r\n", HINT])
async def test_half_a_head(sent: bytes) -> None:
    """It is a 502, and the request is not sent once more, though the connection was kept."""

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await peer.head()
        await peer.send(sent)

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).body == b"ok"
        await client.send(GET)
        while (response := await client.response()).status == 103:
            pass
        assert response.status == 502
        assert up.connections == 1


@pytest.mark.parametrize("setting", ["response_header_timeout", "read_timeout"])
async def test_head_byte_by_byte(setting: str) -> None:
    """A head may not take longer than `response_header_timeout`, however it comes.

    `read_timeout` is for silence, and this is none.
    """

    async def serve(peer: Peer) -> None:
        await peer.head()
        for byte in HI:
            await peer.send(bytes([byte]))
            await asyncio.sleep(0.02)
        await peer.rest()

    transport = {"protocol": "http", setting: "300ms"}
    async with (
        upstream(serve) as up,
        proxy(up, transport=transport) as server,
        server.client() as client,
    ):
        await client.send(GET)
        status = (await client.response()).status
        assert status == (504 if setting == "response_header_timeout" else 200)


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
async def test_early_answer(expect: bytes) -> None:
    """An upstream that answers before it has the body gets no other request on that connection.

    The body is a request in itself (PortSwigger: 0.CL), which neither side may take for one.
    """
    evil = GET.replace(b" / ", b" /evil ")
    head = b"POST / HTTP/1.1\r\nHost: a\r\n%bContent-Length: %d\r\n\r\n" % (expect, len(evil))
    seen: list[list[bytes]] = []

    async def serve(peer: Peer) -> None:
        heads: list[bytes] = []
        seen.append(heads)
        while True:
            heads.append(await peer.head())
            await peer.send(OK)

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        await client.send(head)
        while (response := await client.response()).status == 100:
            pass
        assert response.body == b"ok"
        await client.send(evil)
        for _ in range(3):
            assert await is_served(server)

    first, *others = seen
    assert [line.split(b" ")[1] for line in first] == [b"/"]
    assert all(b" /ok " in line for heads in others for line in heads)


async def test_endless_interim_responses() -> None:
    """They end in a 502, and are not collected for a client that takes none."""
    sent = 0

    async def serve(peer: Peer) -> None:
        nonlocal sent
        await peer.head()
        while True:
            await peer.send(HINT * 100)
            sent += 100

    async with upstream(serve) as up, proxy(up) as server, server.client() as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(GET)
        await until(lambda: up.connections == 1 and up.open == 0)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        while (response := await client.response()).status == 103:
            pass
        assert response.status == 502


async def test_redirects_are_the_clients() -> None:
    """Wherever an upstream points to, only the client goes there."""
    async with upstream(OK) as inner:
        answer = b"HTTP/1.1 302 Found\r\nLocation: http://%b/\r\nX-Accel-Redirect: /etc/passwd\r\n"
        answer = answer % inner.address.encode() + b"X-Sendfile: /etc/passwd\r\n\r\n"
        async with upstream(breaking(answer)) as up, proxy(up) as server, server.client() as client:
            await client.send(GET)
            response = await client.response()

        assert (response.status, response.body) == (302, b"")
        assert response["location"] == f"http://{inner.address}/"
        assert inner.connections == 0


def bomb(size: int) -> bytes:
    """Return so many zeros, compressed: a thousandth of their size."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [deflater.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)]
    return b"".join([*pieces, deflater.flush()])


def gzipped(body: bytes) -> bytes:
    """Return a response of it."""
    fields = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    return b"HTTP/1.1 200 OK\r\n" + fields + body


def peak() -> int:
    """Return the most memory that this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("takes", [True, False], ids=["taken", "not taken"])
async def test_gzip_bomb(takes: bool) -> None:  # noqa: FBT001
    """It is inflated as the client takes it, and not one piece ahead."""
    size = 50_000_000
    data = gzipped(bomb(size))
    async with upstream(data) as up, proxy(up) as server, server.client() as client:
        before = peak()
        if not takes:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(GET)
        if takes:
            await client.reader.readuntil(b"\r\n\r\n")
            count, piece = 0, b""
            while not piece.endswith(b"0\r\n\r\n"):
                piece = await client.reader.read(1_000_000)
                count += len(piece)
            assert count >= size
        else:
            await until(lambda: up.asked)
            await asyncio.sleep(0.1)
        assert peak() - before < 20_000


async def test_many_small_gzips() -> None:
    """A hundred thousand members of nothing hold nobody up."""
    data = gzipped(gzip.compress(b"") * 100_000 + gzip.compress(b"end"))
    async with upstream(saying(data)) as up, proxy(up) as server, server.client() as client:
        slowest = 0.0

        async def watch() -> None:
            nonlocal slowest
            while True:
                before = perf_counter()
                await asyncio.sleep(0)
                slowest = max(slowest, perf_counter() - before)

        await client.send(GET)
        watching = asyncio.create_task(watch())
        assert (await client.response()).body == b"end"
        watching.cancel()
        assert slowest < 0.5


@pytest.mark.parametrize("cut", [False, True])
async def test_end_of_an_encrypted_connection(cut: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """A body that ends with its connection does not end where somebody cut that (RFC 8446 §6.1)."""
    certificates = Certificates(tmp_path)

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nhi")
        if cut:
            number = os.dup(peer.writer.get_extra_info("socket").fileno())
            with socket.socket(fileno=number) as sock:
                sock.shutdown(socket.SHUT_WR)
        else:
            peer.close()
        await peer.rest()

    transport = {"protocol": "http", "tls": {"root_ca_pem_files": [certificates.file]}}
    async with (
        upstream(serve, tls=certificates.server("127.0.0.1")) as up,
        proxy(up, transport=transport) as server,
        server.client() as client,
    ):
        await client.send(GET)
        if cut:
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await client.response()
        else:
            assert (await client.response()).body == b"hi"
