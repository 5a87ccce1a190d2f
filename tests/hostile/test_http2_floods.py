"""HTTP/2 clients that cost much and give nothing: they are sent away, and nothing grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from hyperframe.frame import (
    ContinuationFrame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
)

from snake.transport.asgi import Receive, Scope, Send
from snake.transport.http2.engine import MOST_STREAMS
from snake.transport.settings import Settings
from tests.transport.raw_http2 import (
    CANCEL,
    ENHANCE_YOUR_CALM,
    GET,
    POST,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    Raw,
    data,
    headers,
    odd,
    window,
)
from tests.transport.wire import Server, hello, serving, steady, until

MANY = 20_000


class Stubborn:
    """An app that goes on for a while, whatever becomes of its client."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.alive = self.most = self.began = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, and answer."""
        self.began += 1
        self.alive += 1
        self.most = max(self.most, self.alive)
        try:
            await self.go.wait()
            await hello(scope, receive, send)
        finally:
            self.alive -= 1


def _memory() -> int:
    """Return the memory of this process in bytes."""
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * 4096


async def _ended(server: Server) -> None:
    await until(lambda: server.serving.connections == 0)


async def test_rapid_reset() -> None:
    """Of 20,000 streams that are reset few reach the app, and GOAWAY follows (CVE-2023-44487)."""
    app = Stubborn()
    async with serving(app) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        frames = b"".join(
            raw.request() + RstStreamFrame(raw.last, CANCEL).serialize() for _ in range(MANY)
        )
        flooding = asyncio.create_task(raw.flood(frames, 1))
        assert await raw.end() == ENHANCE_YOUR_CALM
        await flooding
        app.go.set()
        await until(lambda: not app.alive)
    assert app.most <= MOST_STREAMS


def _overflow(raw: Raw) -> bytes:
    return raw.request(end=False) + window(raw.last, 2**31 - 1)


def _too_long(raw: Raw) -> bytes:
    fields = [*POST, ("content-length", "1")]
    return raw.request(fields, end=False) + data(raw.last, b"22").serialize()


def _too_short(raw: Raw) -> bytes:
    fields = [*POST, ("content-length", "2")]
    return raw.request(fields, end=False) + data(raw.last, b"1", end=True).serialize()


def _of_itself(raw: Raw) -> bytes:
    return raw.request(end=False) + PriorityFrame(raw.last, depends_on=raw.last).serialize()


def _two_heads(raw: Raw) -> bytes:
    return raw.request(end=False) + headers(raw.last, raw.block([("x", "y")]))


def _bad_trailers(raw: Raw) -> bytes:
    return raw.request(end=False) + headers(raw.last, raw.block(GET), ["END_STREAM"])


def _malformed(raw: Raw) -> bytes:
    return raw.request([*GET, ("connection", "close")])


@pytest.mark.parametrize(
    "provoke",
    [_overflow, _too_long, _too_short, _of_itself, _two_heads, _bad_trailers, _malformed],
)
async def test_made_you_reset(provoke: Callable[[Raw], bytes]) -> None:
    """Streams that a client makes us reset count as those that it resets (CVE-2025-8671).

    One that goes on with a stream that was refused may be sent away even sooner.
    """
    app = Stubborn()
    async with serving(app) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        frames = b"".join(provoke(raw) for _ in range(2_000))
        flooding = asyncio.create_task(raw.flood(frames, 1))
        assert await raw.end() in {ENHANCE_YOUR_CALM, PROTOCOL_ERROR}
        await flooding
        app.go.set()
        await until(lambda: not app.alive)
    assert app.most <= MOST_STREAMS


async def test_more_streams_than_allowed() -> None:
    """Of more streams than were allowed the rest is refused; those before go on."""
    app = Stubborn()
    async with serving(app) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        await raw.send(*(raw.request() for _ in range(MOST_STREAMS + 3)))
        for _ in range(3):
            assert (await raw.until(RstStreamFrame)).error_code == REFUSED_STREAM
        assert app.began == MOST_STREAMS
        app.go.set()
        assert await raw.status() == 200


@pytest.mark.slow
async def test_a_hundred_thousand_streams() -> None:
    """A connection may have as many requests as it likes, one after the other; nothing is kept."""
    async with serving(hello) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        answers = 0

        async def count() -> None:
            nonlocal answers
            while answers < 100_000:
                frame = await raw.frame()
                answers += isinstance(frame, HeadersFrame)
                assert not isinstance(frame, GoAwayFrame)

        counting = asyncio.create_task(count())
        before = 0
        for round_ in range(1_000):
            await raw.send(*(raw.request() for _ in range(100)), window(0, 10_000))
            await until(lambda wanted=(round_ + 1) * 100: answers >= wanted)  # type: ignore[misc]
            if round_ == 100:
                before = _memory()
        await counting
        assert _memory() - before < 20_000_000


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0\1a\1b" * 200, id="full"),
        pytest.param(b"\0\1a\x7f\xe1\x7f", id="unfinished"),
    ],
)
async def test_continuation_flood(piece: bytes) -> None:
    """A head that never ends is cut off, at little cost (CVE-2023-45288, CVE-2024-27316)."""
    async with serving(hello) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        await raw.send(HeadersFrame(1, raw.block(GET)))
        began = time.process_time()
        flooding = asyncio.create_task(raw.flood(ContinuationFrame(1, piece).serialize(), 1_000))
        code = await raw.end()
        await flooding
        assert code in (ENHANCE_YOUR_CALM, 1)
        assert time.process_time() - began < 1
        client.writer.transport.abort()
        await _ended(server)


def _priorities(raw: Raw) -> bytes:
    return PriorityFrame(raw.last + 2, depends_on=0, stream_weight=1).serialize()


FLOODS: dict[str, Callable[[Raw], bytes]] = {
    "PING": lambda _: PingFrame(0, b"12345678").serialize(),
    "PING answers": lambda _: PingFrame(0, b"12345678", flags=["ACK"]).serialize(),
    "SETTINGS": lambda _: SettingsFrame(0, settings={3: 100}).serialize(),
    "PRIORITY": _priorities,
    "WINDOW_UPDATE": lambda _: window(0, 1),
    "RST_STREAM": lambda _: RstStreamFrame(1, CANCEL).serialize(),
    "empty DATA": lambda _: data(3).serialize(),
    "small DATA": lambda _: data(3, b"x").serialize(),
    "padding": lambda _: odd(0, 3, b"\xff" + b"x" + bytes(255), flags=8),
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_flood_of_frames(kind: str) -> None:
    """Frames without effect are borne for a while, and then end the connection (the 2019 class)."""
    app = Stubborn()
    async with serving(app) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        app.go.set()
        await raw.send(raw.request())
        assert await raw.status() == 200
        app.go.clear()
        await raw.send(raw.request(POST, end=False))
        frames = FLOODS[kind](raw) * 100
        began = time.process_time()
        flooding = asyncio.create_task(raw.flood(frames, 5_000))
        assert await raw.end() == ENHANCE_YOUR_CALM
        await flooding
        assert time.process_time() - began < 8
        client.writer.transport.abort()
        await _ended(server)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["PING", "SETTINGS", "requests"])
async def test_flood_that_takes_no_answers(kind: str) -> None:
    """A client that reads nothing makes no queue of answers: it is not read either."""
    async with serving(hello) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        client.writer.transport.set_write_buffer_limits(high=2**30)
        if kind == "requests":
            raw.encoder.header_table_size = 0
            frames = b"".join(raw.request() for _ in range(100_000))
        else:
            frames = FLOODS[kind](raw) * 9_000
        client.reader._limit = 1  # type: ignore[attr-defined]  # noqa: SLF001  (it stops to read)
        client.writer.write(frames)
        connection = next(iter(server.serving._open))  # noqa: SLF001
        await steady(lambda: connection.sent)
        assert connection.transport.get_write_buffer_size() < 300_000


@pytest.mark.parametrize("size", [20_000, 40_000, 70_000, 120_000, 170_000, 250_000, 1_000_000])
async def test_field_too_long(size: int) -> None:
    """No head is taken without a field that was too long for it, whatever its length."""
    seen = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal seen
        seen += 1
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        flooding = asyncio.create_task(raw.flood(raw.request([*GET, ("x-long", "0" * size)]), 1))
        answered = None
        while (frame := await raw.frame()) is not None:
            if isinstance(frame, HeadersFrame):
                answered = raw.fields(frame)[":status"]
                break
            if isinstance(frame, GoAwayFrame):
                assert frame.error_code in (ENHANCE_YOUR_CALM, 9)
        assert answered in {"431", None}
        assert size > 40_000 or answered
        client.writer.transport.abort()
        await flooding
    assert seen == 0


async def test_many_fields() -> None:
    """More fields than allowed are a 431, however small; the connection goes on."""
    async with serving(hello) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        await raw.send(raw.request([*GET, *((f"x{at}", "") for at in range(201))]))
        assert await raw.status() == 431
        await raw.send(raw.request([*GET, *((f"x{at}", "") for at in range(100))]))
        assert await raw.status() == 200


async def test_hpack_bomb() -> None:
    """A few bytes that name a long field again and again come to nothing (CVE-2026-49975)."""
    async with serving(hello) as server:
        before = 0
        for _ in range(20):
            async with server.client() as client:
                raw = Raw(client)
                await raw.begin()
                await raw.send(raw.request([*GET, ("x", "0" * 4_000)]))
                assert await raw.status() == 200
                block = raw.block(GET) + b"\xbe" * 16_000
                await raw.send(headers(3, block, ["END_STREAM"]))
                assert await raw.end() == ENHANCE_YOUR_CALM
            await _ended(server)
            before = before or _memory()
        assert _memory() - before < 5_000_000


@pytest.mark.slow
async def test_client_that_offers_a_huge_table() -> None:
    """A table of 4 GB for our fields is not filled, whatever the app sends."""
    count = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal count
        del scope, receive
        count += 1
        fields = [(b"x-%d" % (count * 100 + at), b"%d" % count * 100) for at in range(20)]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body"})

    async with serving(app) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin({1: 2**32 - 1})
        before = 0
        for at in range(1_000):
            await raw.send(raw.request())
            await raw.until(HeadersFrame)
            if at == 50:
                before = _memory()
        assert _memory() - before < 5_000_000


@pytest.mark.parametrize("acknowledges", [False, True])
async def test_limits_hold_from_the_start(acknowledges: bool) -> None:  # noqa: FBT001
    """What is allowed is not more for a client that never says that it knows."""
    async with serving(hello, Settings(max_header_bytes=1000)) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        if acknowledges:
            await raw.send(SettingsFrame(0, flags=["ACK"]))
        await raw.send(raw.request([*GET, ("x", "0" * 1_000)]))
        assert await raw.status() == 431
        assert await raw.is_alive()
