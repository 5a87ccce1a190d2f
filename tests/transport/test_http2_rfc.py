"""HTTP/2 by its sections (RFC 9113; 7541 for HPACK): what is an error, and whose end it is."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
)

from snake.transport.asgi import Receive, Scope, Send
from tests.transport.raw_http2 import (
    CANCEL,
    COMPRESSION_ERROR,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GET,
    POST,
    PREFACE,
    PROTOCOL_ERROR,
    STREAM_CLOSED,
    Raw,
    data,
    headers,
    odd,
    window,
)
from tests.transport.wire import echo, serving, whole_body

Say = Callable[[Raw], bytes]
"""Returns what the client sends after its settings."""
_ANY = frozenset({PROTOCOL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR,
                  COMPRESSION_ERROR})  # fmt: skip


def _setting(name: int, value: int) -> bytes:
    return odd(4, payload=struct.pack("!HI", name, value))


def _but(name: str, *values: str) -> list[tuple[str | bytes, str | bytes]]:
    """Return a request with another pseudo-field, or without it, or with more of it."""
    fields: list[tuple[str | bytes, str | bytes]] = []
    for each, had in GET:
        fields += [(name, value) for value in values] if each == name else [(each, had)]
    return fields


def _open(raw: Raw) -> bytes:
    return raw.request(POST, end=False)


def _reserved(raw: Raw) -> bytes:
    request = raw.request()
    return request[:5] + b"\x80" + request[6:]


IGNORED: dict[str, Say] = {
    "4.1 an unknown frame": lambda _: b"".join(odd(kind, payload=b"x") for kind in range(10, 16)),
    "4.1 an unknown frame of a stream": lambda _: odd(0x16, 7, b"x" * 100, flags=0xFF),
    "4.1 unknown flags": lambda _: odd(6, payload=b"12345678", flags=0xFE),
    "4.1 the reserved bit": _reserved,
    "5.1 PRIORITY of an idle stream": lambda _: PriorityFrame(9, depends_on=0).serialize(),
    "5.1 WINDOW_UPDATE of a closed stream": lambda raw: raw.request() + window(1, 1),
    "6.4 RST_STREAM of a closed stream": lambda raw: raw.request()
    + RstStreamFrame(1, CANCEL).serialize(),
    "6.5 SETTINGS without any": lambda _: odd(4),
    "6.5.2 an unknown setting": lambda _: _setting(0xFF, 1),
    "6.7 an answer to no PING": lambda _: PingFrame(0, b"12345678", flags=["ACK"]).serialize(),
    "6.9 the largest window": lambda _: window(0, 2**31 - 1 - 65_535),
}  # fmt: skip


@pytest.mark.parametrize("case", IGNORED)
async def test_what_is_no_error(case: str) -> None:
    """The connection goes on, and answers."""
    async with serving(echo) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        await raw.send(IGNORED[case](raw))
        assert await raw.is_alive()
        raw.last = max(raw.last, 99)
        await raw.send(raw.request())
        assert await raw.status(raw.last) == 200


STREAM_ERRORS: dict[str, tuple[Say, int]] = {
    "5.3 a stream that depends on itself": (
        lambda raw: _open(raw) + PriorityFrame(1, depends_on=1).serialize(), PROTOCOL_ERROR),
    "6.9.1 a window of more than 2^31-1": (
        lambda raw: _open(raw) + window(1, 2**31 - 1), FLOW_CONTROL_ERROR),
    "8.1 a second head": (
        lambda raw: _open(raw) + headers(1, raw.block([("x", "y")])), PROTOCOL_ERROR),
    "8.1 pseudo-fields as trailers": (
        lambda raw: _open(raw) + headers(1, raw.block([(":path", "/")]), ["END_STREAM"]),
        PROTOCOL_ERROR),
    "8.1 a length as trailer": (
        lambda raw: _open(raw) + headers(1, raw.block([("content-length", "9")]), ["END_STREAM"]),
        PROTOCOL_ERROR),
    "8.1.1 a body that is too short": (
        lambda raw: raw.request([*POST, ("content-length", "2")], end=False)
        + data(1, b"1", end=True).serialize(), PROTOCOL_ERROR),
    "8.1.1 a body that is too long": (
        lambda raw: raw.request([*POST, ("content-length", "1")], end=False)
        + data(1, b"22", end=True).serialize(), PROTOCOL_ERROR),
    "8.1.1 a body in parts that is too short": (
        lambda raw: raw.request([*POST, ("content-length", "3")], end=False)
        + data(1, b"1").serialize() + data(1, b"2", end=True).serialize(), PROTOCOL_ERROR),
    "8.1.1 a length without a body": (
        lambda raw: raw.request([*POST, ("content-length", "1")]), PROTOCOL_ERROR),
    "8.1.1 a length that is none": (
        lambda raw: raw.request([*POST, ("content-length", "+1")]), PROTOCOL_ERROR),
    "8.1.1 two lengths": (
        lambda raw: raw.request([*POST, ("content-length", "0"), ("content-length", "0")]),
        PROTOCOL_ERROR),
    "8.2.2 connection": (
        lambda raw: raw.request([*GET, ("connection", "keep-alive")]), PROTOCOL_ERROR),
    "8.2.2 transfer-encoding": (
        lambda raw: raw.request([*GET, ("transfer-encoding", "chunked")]), PROTOCOL_ERROR),
    "8.2.2 te but trailers": (
        lambda raw: raw.request([*GET, ("te", "trailers, deflate")]), PROTOCOL_ERROR),
    "8.3 a pseudo-field of responses": (
        lambda raw: raw.request([*GET, (":status", "200")]), PROTOCOL_ERROR),
    "8.3 a late pseudo-field": (
        lambda raw: raw.request([*GET[:3], ("x", "y"), GET[3]]), PROTOCOL_ERROR),
    "8.3.1 no method": (lambda raw: raw.request(_but(":method")), PROTOCOL_ERROR),
    "8.3.1 no scheme": (lambda raw: raw.request(_but(":scheme")), PROTOCOL_ERROR),
    "8.3.1 no path": (lambda raw: raw.request(_but(":path")), PROTOCOL_ERROR),
    "8.3.1 an empty path": (lambda raw: raw.request(_but(":path", "")), PROTOCOL_ERROR),
    "8.3.1 two methods": (lambda raw: raw.request(_but(":method", "GET", "GET")), PROTOCOL_ERROR),
    "8.3.1 two schemes": (lambda raw: raw.request(_but(":scheme", "http", "http")), PROTOCOL_ERROR),
    "8.3.1 two paths": (lambda raw: raw.request(_but(":path", "/", "/")), PROTOCOL_ERROR),
    "8.3.1 two authorities": (
        lambda raw: raw.request(_but(":authority", "a", "a")), PROTOCOL_ERROR),
    "8.3.1 another scheme": (lambda raw: raw.request(_but(":scheme", "ftp")), PROTOCOL_ERROR),
}  # fmt: skip


@pytest.mark.parametrize("case", STREAM_ERRORS)
async def test_stream_errors(case: str) -> None:
    """The stream is reset, and nothing else; the app never has the request for whole."""
    whole = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal whole
        await whole_body(receive)
        whole += 1
        await echo(scope, receive, send)

    say, code = STREAM_ERRORS[case]
    async with serving(app) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        await raw.send(say(raw))
        reset = await raw.until(RstStreamFrame)
        assert (reset.stream_id, reset.error_code) == (1, code)
        assert await raw.is_alive()
    assert whole == 0


CONNECTION_ERRORS: dict[str, Say] = {
    "4.2 a frame that is too long": lambda raw: _open(raw) + odd(0, 1, bytes(16_385)),
    "4.3 a block that is none": lambda _: headers(1, b"\x40\x80\x80"),
    "4.3 another frame in a head": lambda raw: HeadersFrame(1, raw.block(GET)).serialize()
    + PriorityFrame(1, depends_on=0).serialize(),
    "4.3 a head of another stream in a head": lambda raw: HeadersFrame(1, raw.block(GET))
    .serialize() + headers(3, raw.block(GET)),
    "4.3 an unknown frame in a head": lambda raw: HeadersFrame(1, raw.block(GET)).serialize()
    + odd(0x16, 1),
    "5.1 DATA of an idle stream": lambda _: data(1, b"x").serialize(),
    "5.1 RST_STREAM of an idle stream": lambda _: RstStreamFrame(1, CANCEL).serialize(),
    "5.1 WINDOW_UPDATE of an idle stream": lambda _: window(1, 1),
    "5.1 CONTINUATION of an idle stream": lambda raw: ContinuationFrame(
        1, raw.block(GET), flags=["END_HEADERS"]).serialize(),
    "5.1 a head after the end": lambda raw: raw.request(POST)
    + headers(1, raw.block(POST), ["END_STREAM"]),
    "5.1.1 an even stream": lambda raw: headers(2, raw.block(GET), ["END_STREAM"]),
    "5.1.1 a lower stream": lambda raw: headers(5, raw.block(GET), ["END_STREAM"])
    + headers(3, raw.block(GET), ["END_STREAM"]),
    "6.1 DATA of no stream": lambda _: odd(0, 0, b"x"),
    "6.1 padding that is too long": lambda raw: _open(raw) + odd(0, 1, b"\x05xxxx", flags=8),
    "6.2 HEADERS of no stream": lambda raw: odd(1, 0, raw.block(GET), flags=5),
    "6.2 padding that is too long": lambda raw: odd(
        1, 1, b"\xff" + raw.block(GET), flags=0xD),
    "6.3 PRIORITY of no stream": lambda _: odd(2, 0, bytes(5)),
    "6.3 PRIORITY of another length": lambda raw: _open(raw) + odd(2, 1, bytes(4)),
    "6.4 RST_STREAM of no stream": lambda _: odd(3, 0, bytes(4)),
    "6.4 RST_STREAM of another length": lambda raw: _open(raw) + odd(3, 1, bytes(3)),
    "6.5 SETTINGS of a stream": lambda _: odd(4, 1, struct.pack("!HI", 3, 1)),
    "6.5 SETTINGS of another length": lambda _: odd(4, 0, bytes(5)),
    "6.5 an answer with settings": lambda _: odd(4, 0, bytes(6), flags=1),
    "6.5 two answers to one SETTINGS": lambda _: odd(4, flags=1) * 2,
    "6.5.2 ENABLE_PUSH of 2": lambda _: _setting(2, 2),
    "6.5.2 INITIAL_WINDOW_SIZE of 2^31": lambda _: _setting(4, 2**31),
    "6.5.2 MAX_FRAME_SIZE of 16383": lambda _: _setting(5, 16_383),
    "6.5.2 MAX_FRAME_SIZE of 0": lambda _: _setting(5, 0),
    "6.5.2 MAX_FRAME_SIZE of 2^24": lambda _: _setting(5, 2**24),
    "6.6 PUSH_PROMISE": lambda raw: _open(raw) + odd(5, 1, b"\0\0\0\2" + raw.block(GET), 4),
    "6.7 PING of a stream": lambda _: odd(6, 1, bytes(8)),
    "6.7 PING of another length": lambda _: odd(6, 0, bytes(6)),
    "6.9 WINDOW_UPDATE of 0": lambda _: window(0, 0),
    "6.9 WINDOW_UPDATE of 0 for a stream": lambda raw: _open(raw) + window(1, 0),
    "6.9 WINDOW_UPDATE of another length": lambda _: odd(8, 0, bytes(3)),
    "6.9.1 a window of more than 2^31-1": lambda _: window(0, 2**31 - 1),
    "6.9.2 a stream's window of more than 2^31-1": lambda raw: _open(raw) + window(1, 2**30)
    + _setting(4, 2**31 - 1),
    "6.10 CONTINUATION after a head": lambda raw: raw.request(POST, end=False)
    + ContinuationFrame(1, raw.block([("x", "y")]), flags=["END_HEADERS"]).serialize(),
    "6.10 CONTINUATION of no stream": lambda raw: HeadersFrame(1, raw.block(GET)).serialize()
    + odd(9, 0, b"", flags=4),
    "8.2.1 an upper-case name": lambda raw: raw.request([*GET, ("X-A", "1")]),
    "8.3 an unknown pseudo-field": lambda raw: raw.request([(":foo", "bar"), *GET]),
    "7541 2.3.3 an index that is none": lambda _: headers(1, b"\xff\xff\x01"),
    "7541 4.2 a table that is too large": lambda _: headers(1, b"\x3f\xe2\x1f\x82\x86\x84"),
    "7541 5.2 padding of more than 7 bits": lambda _: headers(
        1, b"\x82\x86\x84\x01\x83\x1f\xff\xff"),
    "7541 5.2 the end of a string": lambda _: headers(
        1, b"\x82\x86\x84\x01\x84\xff\xff\xff\xff"),
    "7541 6.1 an index of 0": lambda _: headers(1, b"\x80"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONNECTION_ERRORS)
async def test_connection_errors(case: str) -> None:
    """The connection ends with a GOAWAY that says why."""
    async with serving(echo) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        await raw.send(CONNECTION_ERRORS[case](raw))
        assert await raw.end() in _ANY


async def test_data_after_the_end() -> None:
    """A body that goes on after its end is an error, of the stream or of the connection (§5.1)."""
    async with serving(echo) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        await raw.send(raw.request(POST) + data(1, b"x").serialize())
        while (frame := await raw.frame()) is not None:
            if isinstance(frame, (RstStreamFrame, GoAwayFrame)):
                assert frame.error_code in {PROTOCOL_ERROR, STREAM_CLOSED}
                break
        assert frame is not None


async def test_a_request_in_pieces() -> None:
    """Frames may come byte by byte, heads in many frames, bodies padded; trailers are no fields."""
    async with serving(echo) as server, server.client() as client:
        raw = Raw(client)
        block = raw.block([*POST, ("x", "0" * 500)])
        whole = PREFACE + SettingsFrame(0).serialize()
        whole += HeadersFrame(1, block[:1]).serialize()
        whole += b"".join(ContinuationFrame(1, block[at : at + 1]).serialize() for at in (1, 2, 3))
        whole += ContinuationFrame(1, block[4:], flags=["END_HEADERS"]).serialize()
        whole += odd(0, 1, b"\x03" + b"bo" + bytes(3), flags=8) + data(1, b"dy").serialize()
        whole += headers(1, raw.block([("x-checksum", "1")]), ["END_STREAM"])
        for at in range(len(whole)):
            await raw.send(whole[at : at + 1])
        assert await raw.status() == 200
        assert re.search(b"POST / body", bytes((await raw.until(DataFrame)).data))


async def test_two_steps_of_goodbye() -> None:
    """A client is told to go, then which of its requests was the last; that one is answered."""
    async with serving(echo) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        await raw.send(raw.request())
        assert await raw.status() == 200
        next(iter(server.serving._open)).warn()  # noqa: SLF001
        first = await raw.until(GoAwayFrame)
        ping = await raw.until(PingFrame)
        await raw.send(_open(raw), PingFrame(0, ping.opaque_data, flags=["ACK"]))
        second = await raw.until(GoAwayFrame)
        assert (first.last_stream_id, second.last_stream_id) == (2**31 - 1, 3)
        await raw.send(raw.request(), data(3, b"x", end=True))
        assert await raw.status() == 200
        assert await raw.end() in {0, None}
