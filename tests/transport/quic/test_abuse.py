"""What a hostile client can do over HTTP/3, and what it comes to."""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress
from typing import Any

import pytest
from aioquic import tls
from aioquic.buffer import encode_uint_var
from aioquic.h3.connection import ErrorCode
from aioquic.quic.packet import QuicErrorCode

from snake.transport.asgi import Receive, Scope, Send
from tests.transport.quic.client import Client, head, serving
from tests.transport.wire import hello as greet
from tests.transport.wire import until


def _requests(session: Any) -> Any:
    """Return the requests of a session, with all that they have."""
    return session._requests


def _break_off(client: Client, at: int) -> None:
    """Let a request be, in both directions."""
    client.quic.reset_stream(at, ErrorCode.H3_REQUEST_CANCELLED)
    with suppress(ValueError):
        client.quic.stop_stream(at, ErrorCode.H3_REQUEST_CANCELLED)
    client.transmit()


async def test_rapid_reset() -> None:
    """A client that makes requests and breaks them off at once loses its connection.

    (CVE-2023-44487.) Meanwhile no more apps run than it may have requests.
    """
    running = most = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal running, most
        del scope, send
        running += 1
        most = max(most, running)
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            running -= 1

    async with serving(app) as server, server.client() as client:
        for _ in range(2000):
            at = client.send(head())
            _break_off(client, at)
            await asyncio.sleep(0)
            if client.quic._close_event:
                break
        ended = await client.closed()
        assert ended.error_code == ErrorCode.H3_EXCESSIVE_LOAD
        assert most <= 200
        await until(lambda: running == 0)


async def test_apps_that_go_on() -> None:
    """Requests are refused while too many apps go on whose clients are gone."""
    go = asyncio.Event()
    ran = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal ran
        del receive, send
        if scope["path"] == "/":
            ran += 1
            await go.wait()

    async with serving(app) as server, server.client() as client:
        (session,) = server.endpoint._sessions
        _requests(session)._count = 10_000  # as if it had been well-behaved until now
        for _ in range(400):
            at = client.send(head())
            await asyncio.sleep(0)
            _break_off(client, at)
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)
        assert 0 < ran <= 200
        go.set()


async def test_resets_of_nothing() -> None:
    """Streams that are opened only to be reset end the connection in the end."""
    async with serving(greet) as server, server.client() as client:
        assert (await client.get()).status == 200
        for _ in range(5000):
            at = client.quic.get_next_available_stream_id()
            client.quic._get_or_create_stream_for_send(at)
            client.quic.reset_stream(at, ErrorCode.H3_REQUEST_CANCELLED)
            client.transmit()
            await asyncio.sleep(0)
            if client.quic._close_event:
                break
        ended = await client.closed()
        assert ended.error_code == ErrorCode.H3_EXCESSIVE_LOAD


@pytest.mark.parametrize("stream_type", [2, 3])
async def test_qpack_without_a_table(stream_type: int) -> None:
    """Who uses a dynamic table, which is not offered, loses the connection."""
    async with serving(greet) as server, server.client() as client:
        at = client.control + 4
        if stream_type == 3:
            at = client.control + 8
        # Set Dynamic Table Capacity to 4096; Section Acknowledgment of stream 5
        client.raw(at, b"\x3f\xe1\x1f" if stream_type == 2 else b"\x85")
        ended = await client.closed()
        assert ended.error_code in (
            ErrorCode.QPACK_ENCODER_STREAM_ERROR,
            ErrorCode.QPACK_DECODER_STREAM_ERROR,
        )


async def test_blocked_streams() -> None:
    """A head that waits for a table that is never filled ends the connection: none may wait."""
    async with serving(greet) as server, server.client() as client:
        at = client.quic.get_next_available_stream_id()
        block = b"\x02\x00\x80"  # Required Insert Count 1, and the entry that it is
        client.raw(at, b"\x01" + bytes([len(block)]) + block)
        ended = await client.closed()
        assert ended.error_code == ErrorCode.QPACK_DECOMPRESSION_FAILED


async def test_head_that_expands() -> None:
    """A head of thousands of short references is refused; memory stays as it is."""
    async with serving(greet) as server, server.client() as client:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(20):
            at = client.quic.get_next_available_stream_id()
            block = b"\x00\x00" + b"\xd1\xd7\xc1" + b"\xff\x00" * 8000  # indexed, static
            length = 0x80000000 | len(block)
            client.raw(at, b"\x01" + length.to_bytes(4, "big") + block, end=True)
            assert (await client.answer(at)).reset == ErrorCode.H3_MESSAGE_ERROR
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000
        assert (await client.get()).status == 200


async def test_head_without_end() -> None:
    """A head that is longer than may be kept is answered with 431, and the rest is dropped."""
    async with serving(greet) as server, server.client() as client:
        at = client.quic.get_next_available_stream_id()
        client.raw(at, b"\x01\xbf\xff\xff\xff" + bytes(200_000))
        response = await client.answer(at)
        assert response.status == 431
        (session,) = server.endpoint._sessions
        kept = _requests(session)._http3._stream.get(at)
        assert kept is None or len(kept.buffer) < 20_000
        assert (await client.get()).status == 200


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x04\xbf\xff\xff\xff", ErrorCode.H3_EXCESSIVE_LOAD),
        (b"\x00\x01x", ErrorCode.H3_FRAME_UNEXPECTED),
        (b"\x0d\x01\x05\x0d\x01\x04", ErrorCode.H3_ID_ERROR),
        (b"\x02\x00", ErrorCode.H3_FRAME_UNEXPECTED),
    ],
)
async def test_control_stream(data: bytes, code: int) -> None:
    """Frames that have no place on the control stream end the connection."""
    async with serving(greet) as server, server.client() as client:
        assert (await client.get()).status == 200
        if data[0] == 4:  # a second one, but a first one can be as long
            (session,) = server.endpoint._sessions
            _requests(session)._http3._settings_received = False
        client.raw(client.control, data)
        assert (await client.closed()).error_code == code


async def test_control_stream_that_ends() -> None:
    """The end of a stream that a connection needs is the end of the connection."""
    async with serving(greet) as server, server.client() as client:
        client.raw(client.control, b"", end=True)
        assert (await client.closed()).error_code == ErrorCode.H3_CLOSED_CRITICAL_STREAM


async def test_unknown_frames_and_streams() -> None:
    """Frames and streams of unknown types are passed over (RFC 9114 §9)."""
    async with serving(greet) as server, server.client() as client:
        for kind in range(5):
            at = client.quic.get_next_available_stream_id(is_unidirectional=True)
            client.raw(at, encode_uint_var(0x21 + 0x1F * kind) + b"whatever", end=True)
        at = client.quic.get_next_available_stream_id()
        client.raw(at, b"\x21\x05hello" + b"\x40\x41\x05hello")
        client.http3.send_headers(at, head(), end_stream=True)
        client.transmit()
        assert (await client.answer(at)).status == 200


async def test_early_data_is_refused() -> None:
    """Nothing is taken before a handshake is done: so there is nothing to be sent again (0-RTT)."""
    tickets: list[Any] = []
    async with serving(greet) as server, server.client() as client:
        client.quic._session_ticket_handler = tickets.append
        assert (await client.get()).status == 200
        await asyncio.sleep(0.1)
    assert all(ticket.max_early_data_size is None for ticket in tickets)


async def test_ping_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pings without end leave nothing; who acknowledges nothing is asked to, and sent away."""
    async with serving(greet) as server, server.client() as client:
        (session,) = server.endpoint._sessions
        space = session.quic._spaces[tls.Epoch.ONE_RTT]
        for number in range(1500):
            client.quic.send_ping(number)
            client.transmit()
            await asyncio.sleep(0)
        assert (await client.get()).status == 200
        assert len(session.quic._events) == 0
        assert len(space.sent_packets) < 700
        monkeypatch.setattr("snake.transport.quic.connection._MOST_KEPT", 150)
        client.quic._write_ack_frame = lambda space, **_: setattr(space, "ack_at", None)
        for number in range(3000):
            client.quic.send_ping(number)
            client.transmit()
            await asyncio.sleep(0)
            if client.quic._close_event:
                break
        assert (await client.closed()).error_code == QuicErrorCode.INTERNAL_ERROR
