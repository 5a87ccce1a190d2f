"""proxy.h2: many requests over one connection to an upstream that speaks HTTP/2."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from tests.proxy.certificates import Certificates
from tests.proxy.proxying import OK, Peer, proxy, upstream
from tests.transport.wire import GET, Server, serving, until, whole_body

H2C = {"protocol": "http", "versions": ["h2c", "2"]}
Headers = list[tuple[bytes, bytes]]
ANY = [(b":method", b""), (b":path", b"")]
Respond = Callable[[H2Connection, int, Headers, bytes], None]


def speaking_http2(
    respond: Respond, seen: list[Any] | None = None, *, at_once: bool = False
) -> Any:
    """Return what serves HTTP/2: `respond` is called for each request that is whole, or begun."""

    async def serve(peer: Peer) -> None:
        protocol = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        protocol.initiate_connection()
        requests: dict[int, tuple[Headers, bytes]] = {}
        while True:
            await peer.send(protocol.data_to_send())
            data = await peer.reader.read(65_536)
            if not data:
                return
            for event in protocol.receive_data(data):
                if seen is not None:
                    seen.append(event)
                if isinstance(event, RequestReceived):
                    assert event.stream_id is not None
                    requests[event.stream_id] = (list(event.headers or []), b"")
                    if at_once:
                        respond(protocol, event.stream_id, *requests[event.stream_id])
                elif isinstance(event, DataReceived):
                    number = event.stream_id or 0
                    headers, body = requests[number]
                    requests[number] = headers, body + (event.data or b"")
                    protocol.acknowledge_received_data(event.flow_controlled_length or 0, number)
                elif isinstance(event, StreamEnded) and not at_once:
                    respond(protocol, event.stream_id or 0, *requests[event.stream_id or 0])

    return serve


def ok(protocol: H2Connection, number: int, headers: Headers, body: bytes) -> None:
    """Answer `ok`, and what was asked."""
    said = dict(headers)
    protocol.send_headers(number, [(":status", "200"), ("content-type", "text/plain")])
    text = b"ok %b %b " % (said[b":method"], said[b":path"])
    protocol.send_data(number, text + body, end_stream=True)


async def ask(server: Server, request: bytes = GET, method: str = "GET") -> tuple[int, bytes]:
    """Send a request on a connection of its own; return status and body."""
    async with server.client() as client:
        await client.send(request)
        response = await client.response(method)
        return response.status, response.body


async def test_many_requests_share_a_connection() -> None:
    """They are under way at once, and each gets its own answer."""
    waiting: list[tuple[H2Connection, int, Headers, bytes]] = []

    def respond(*asked: Any) -> None:
        waiting.append(asked)
        if len(waiting) == 20:
            for each in reversed(waiting):
                ok(*each)

    async with upstream(speaking_http2(respond)) as up, proxy(up, transport=H2C) as server:
        requests = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(20)]
        answers = await asyncio.gather(*[ask(server, request) for request in requests])

    assert answers == [(200, b"ok GET /%d " % number) for number in range(20)]
    assert up.connections == 1


async def test_request_and_response() -> None:
    """Fields, a body and trailers go both ways."""
    seen: list[Any] = []

    def respond(protocol: H2Connection, number: int, headers: Headers, body: bytes) -> None:
        assert (body, dict(headers)[b"content-length"]) == (b"hi", b"2")
        protocol.send_headers(number, [(":status", "103"), ("link", "</a>")])
        protocol.send_headers(number, [(":status", "201"), ("x-a", "b")])
        protocol.send_data(number, b"done")
        protocol.send_headers(number, [("x-end", "1")], end_stream=True)

    async with (
        upstream(speaking_http2(respond, seen)) as up,
        proxy(up, transport=H2C) as server,
        server.client() as client,
    ):
        await client.send(
            b"POST /p?q HTTP/1.1\r\nHost: h\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n"
            b"TE: trailers\r\nContent-Length: 2\r\n\r\nhi"
        )
        assert (await client.response()).status == 103
        rest = await client.rest()

    head, _, body = rest.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"\r\nVia: 2.0 snake\r\n" in head
    assert b"\r\nX-A: b\r\n" in head
    assert body == b"4\r\ndone\r\n0\r\nX-End: 1\r\n\r\n"
    (asked,) = [event for event in seen if isinstance(event, RequestReceived)]
    fields = dict(asked.headers or [])
    assert fields[b":authority"] == b"h"
    assert (fields[b":scheme"], fields[b":path"]) == (b"http", b"/p?q")
    assert fields[b"te"] == b"trailers"
    assert not {b"host", b"connection", b"x-hop"} & fields.keys()


async def test_megabytes() -> None:
    """Windows open again as data is taken, in both directions."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope
        body = await whole_body(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    data = bytes(range(256)) * 20_000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(data)
    async with (
        serving(app) as up,
        proxy(f"127.0.0.1:{up.address[1]}", transport=H2C) as server,
    ):
        for _ in range(2):
            assert await ask(server, head + data, "POST") == (200, data)


async def test_chosen_by_tls(tmp_path: Path) -> None:
    """An encrypted upstream that offers HTTP/2 is spoken to in it; the next one is not."""
    certificates = Certificates(tmp_path)
    tls = {"ca": {"provider": "file", "pem_files": [certificates.file]}}
    transport = {"protocol": "http", "tls": tls}
    both = certificates.server("127.0.0.1", alpn=("h2", "http/1.1"))
    old = certificates.server("127.0.0.1", alpn=("http/1.1",))
    async with upstream(speaking_http2(ok), tls=both) as up, proxy(up, transport=transport) as new:
        assert await ask(new) == (200, b"ok GET / ")
    async with upstream(OK, tls=old) as up, proxy(up, transport=transport) as server:
        assert await ask(server) == (200, b"ok")
    async with (
        upstream(OK, tls=both) as up,
        proxy(up, transport={**transport, "versions": ["1.1"]}) as server,
    ):
        assert await ask(server) == (200, b"ok")


async def test_idle_connection_is_closed() -> None:
    """After `idle_timeout`."""
    transport = {**H2C, "keep_alive": {"idle_timeout": "50ms"}}
    async with upstream(speaking_http2(ok)) as up, proxy(up, transport=transport) as server:
        assert (await ask(server))[0] == 200
        await until(lambda: up.open == 0)
        assert (await ask(server))[0] == 200

    assert up.connections == 2


async def test_more_requests_than_the_upstream_takes() -> None:
    """Those that are too many for one connection get another."""

    async def serve(peer: Peer) -> None:
        protocol = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        most = {SettingCodes.MAX_CONCURRENT_STREAMS: 1}
        protocol.local_settings = Settings(client=False, initial_values=most)
        protocol.initiate_connection()
        data = b"begun"
        while data:
            await peer.send(protocol.data_to_send())
            data = await peer.reader.read(65_536)
            for event in protocol.receive_data(data):
                if isinstance(event, StreamEnded):
                    await asyncio.sleep(0.05)
                    ok(protocol, event.stream_id or 0, ANY, b"")

    async with upstream(serve) as up, proxy(up, transport=H2C) as server:
        assert (await ask(server))[0] == 200
        answers = await asyncio.gather(*[ask(server) for _ in range(3)])

    assert [status for status, _ in answers] == [200] * 3


async def test_client_that_goes_away() -> None:
    """Its stream is cancelled, and the connection serves the others."""
    seen: list[Any] = []

    def begin(protocol: H2Connection, number: int, headers: Headers, body: bytes) -> None:
        if dict(headers)[b":path"] == b"/":
            ok(protocol, number, headers, body)
        else:
            protocol.send_headers(number, [(":status", "200")])
            protocol.send_data(number, b"some")

    async with upstream(speaking_http2(begin, seen)) as up, proxy(up, transport=H2C) as server:
        async with server.client() as client:
            await client.send(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            await client.reader.readuntil(b"some")
            client.reset()
            await until(lambda: any(isinstance(event, StreamReset) for event in seen))
        assert (await ask(server))[0] == 200

    assert up.connections == 1


async def test_upstream_that_goes_away_kindly() -> None:
    """What it has not looked at is sent again over another connection."""
    closed: list[int] = []

    def respond(protocol: H2Connection, number: int, headers: Headers, body: bytes) -> None:
        if not closed:
            closed.append(number)
            protocol.close_connection(last_stream_id=0)
        else:
            ok(protocol, number, headers, body)

    async with upstream(speaking_http2(respond)) as up, proxy(up, transport=H2C) as server:
        assert await ask(server) == (200, b"ok GET / ")
        assert up.connections == 2


async def test_upstream_that_leaves_within_a_response() -> None:
    """What it has begun to answer goes on; the next request has a connection of its own."""

    def respond(protocol: H2Connection, number: int, headers: Headers, body: bytes) -> None:
        ok(protocol, number, headers, body)
        goaway = b"\0\0\x08\7\0\0\0\0\0" + number.to_bytes(4, "big") + b"\0\0\0\0"
        protocol._data_to_send = bytearray(goaway + protocol._data_to_send)  # noqa: SLF001

    async with upstream(speaking_http2(respond)) as up, proxy(up, transport=H2C) as server:
        assert await ask(server) == (200, b"ok GET / ")
        assert await ask(server) == (200, b"ok GET / ")
        assert up.connections == 2


async def test_stream_that_is_refused() -> None:
    """It is tried again, but not for ever."""

    def refuse(protocol: H2Connection, number: int, headers: Headers, body: bytes) -> None:
        del headers, body
        tried.append(number)
        protocol.reset_stream(number, ErrorCodes.REFUSED_STREAM)

    tried: list[int] = []
    async with upstream(speaking_http2(refuse)) as up, proxy(up, transport=H2C) as server:
        assert (await ask(server))[0] == 502

    assert 1 < len(tried) < 10


@pytest.mark.parametrize(
    "respond",
    [
        lambda protocol, number, *_: protocol.reset_stream(number, ErrorCodes.INTERNAL_ERROR),
        lambda protocol, number, *_: protocol.send_headers(number, [(":status", "abc")]),
        lambda protocol, number, *_: protocol.send_headers(number, [(":status", "99")]),
    ],
    ids=["reset", "no status", "status 99"],
)
async def test_upstream_that_fails(respond: Respond) -> None:
    """It is a 502."""
    async with upstream(speaking_http2(respond)) as up, proxy(up, transport=H2C) as server:
        assert (await ask(server))[0] == 502


async def test_response_that_is_reset() -> None:
    """The client does not take it for whole."""

    def respond(protocol: H2Connection, number: int, headers: Headers, body: bytes) -> None:
        del headers, body
        protocol.send_headers(number, [(":status", "200")])
        protocol.send_data(number, b"half")
        protocol.reset_stream(number, ErrorCodes.INTERNAL_ERROR)

    async with (
        upstream(speaking_http2(respond)) as up,
        proxy(up, transport=H2C) as server,
        server.client() as client,
    ):
        await client.send(GET)

        assert not (await client.rest()).endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"\0\0\6\4\0\0\0\0\0\0\5\0\0\0\0",  # SETTINGS_MAX_FRAME_SIZE 0: Go's CVE-2026-33814
        b"\0\0\1\0\0\0\0\0\1x",  # DATA for a stream that has no response
        b"\0\0\4\x08\0\0\0\0\0\0\0\0\0",  # WINDOW_UPDATE of 0
        b"\0\x40\0\0\0\0\0\0\1" + bytes(16_384 + 8192),  # a frame that is too long
    ],
    ids=["HTTP/1", "frame size 0", "no head", "window 0", "long frame"],
)
async def test_upstream_that_breaks_the_protocol(data: bytes) -> None:
    """It is a 502, and the connection is closed."""

    async def serve(peer: Peer) -> None:
        await peer.send(b"\0\0\0\4\0\0\0\0\0" + data)
        await peer.rest()

    async with upstream(serve) as up, proxy(up, transport=H2C) as server:
        assert (await ask(server))[0] == 502
        await until(lambda: up.open == 0)


async def test_header_bomb() -> None:
    """A response with more header than may be is refused, however small it came."""

    def respond(protocol: H2Connection, number: int, headers: Headers, body: bytes) -> None:
        del headers, body
        fields = [(":status", "200"), *(("x-a", "b" * 1000) for _ in range(100))]
        try:
            protocol.send_headers(number, fields, end_stream=True)
        except ProtocolError:
            pytest.fail("the upstream could not send the bomb")

    transport = {**H2C, "max_response_header_size": 10_000}
    async with upstream(speaking_http2(respond)) as up, proxy(up, transport=transport) as server:
        assert (await ask(server))[0] == 502


async def test_early_answer() -> None:
    """An upstream may answer before it has the body; the connection serves the next request."""
    at_once = speaking_http2(ok, at_once=True)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    async with upstream(at_once) as up, proxy(up, transport=H2C) as server:
        async with server.client() as client:
            await client.send(head + b"some")
            assert (await client.response()).status == 200
        assert (await ask(server))[0] == 200

    assert up.connections == 1


async def test_upgrade_has_no_way() -> None:
    """HTTP/2 cannot switch protocols: 502."""
    request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n"
    async with upstream(speaking_http2(ok)) as up, proxy(up, transport=H2C) as server:
        assert (await ask(server, request))[0] == 502
