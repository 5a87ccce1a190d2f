"""HTTP/2 without TLS: what Hypercorn does for us, and what we see to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from h2.events import DataReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes
from h2.settings import Settings as H2Settings

from snake.transport.asgi import AbortError, Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.frames import FIELDS, H2, answer
from tests.transport.wire import GET, PATIENCE, echo, hello, serving, until


async def test_h2c_upgrade_is_ignored() -> None:
    """`Upgrade: h2c` is answered over HTTP/1.1, as by Caddy."""
    async with serving(hello) as server, server.client() as client:
        await client.send(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + GET
        )
        assert (await client.response()).status == 200
        assert (await client.response()).status == 200


async def test_http2() -> None:
    """HTTP/2 is spoken with a client that begins with it; the app sees no difference."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await echo(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        cookies = [("cookie", "a=1"), ("x_user", "1"), ("cookie", "b=2")]
        await h2.request([*FIELDS[1:], (":method", "POST"), *cookies], b"body")
        events = await h2.until(StreamEnded)
    fields = answer(events)
    assert (fields[b":status"], fields[b"server"]) == (b"200", b"snake")
    assert fields[b"date"].endswith(b" GMT")
    assert b"".join(e.data for e in events if isinstance(e, DataReceived)) == b"POST /a b body"
    assert seen[0]["http_version"] == "2"
    assert seen[0]["headers"] == [(b"host", b"a"), (b"cookie", b"a=1; b=2")]
    assert (seen[0]["raw_path"], seen[0]["query_string"]) == (b"/a%20b", b"q")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_http2_method_is_the_clients(method: str) -> None:
    """An app that makes another method of a request changes nothing of how it is answered."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["method"] = "GET" if scope["method"] == "HEAD" else "HEAD"
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request([*FIELDS[1:], (":method", method)])
        events = await h2.until(StreamEnded, StreamReset)
    assert any(isinstance(event, StreamEnded) for event in events)
    assert any(isinstance(event, DataReceived) and event.data for event in events) is (
        method == "GET"
    )


async def test_http2_expectation_is_not_passed_on() -> None:
    """`Expect` is for us alone, as by Go's server."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request([*FIELDS[1:], (":method", "POST"), ("expect", "100-continue")], b"x")
        await h2.until(StreamEnded)
    assert seen[0]["headers"] == [(b"host", b"a")]


@pytest.mark.parametrize(
    "fields",
    [
        [*FIELDS[:2], (":authority", "u@a"), (":path", "/")],
        [*FIELDS[:2], (":authority", "a/b"), (":path", "/")],
        [*FIELDS[:3], (":path", "/%zz")],
        [*FIELDS[:3], (":path", "x")],
    ],
)
async def test_http2_is_as_strict(fields: Any) -> None:
    """Host and path are held to the rules of HTTP/1.1."""
    async with serving(hello) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(fields)
        events = await h2.until(StreamEnded, StreamReset)
        assert answer(events).get(b":status", b"400") == b"400"


@pytest.mark.parametrize("error", [AbortError(), RuntimeError("broken")])
async def test_http2_stream_is_reset(error: Exception) -> None:
    """A response that breaks off is reset, so that nobody takes it for whole; others go on."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/":
            await hello(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise error

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(FIELDS)
        await h2.until(StreamReset)
        await h2.request([*FIELDS[:3], (":path", "/")])
        await h2.until(StreamEnded)


async def test_http2_splitting() -> None:
    """A header with a line end is a 500 over HTTP/2 too."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"x", b"a\r\nb: c")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(FIELDS)
        events = await h2.until(StreamEnded)
        assert answer(events)[b":status"] == b"500"


async def test_silent_preface() -> None:
    """A client that sends the preface and nothing more is closed in the time of a header."""
    settings = Settings(read_header_timeout=0.1)
    async with serving(hello, settings) as server, server.client() as client:
        await H2(client).begin()
        await client.rest()
        await until(lambda: server.serving.connections == 0)


async def test_http2_drain() -> None:
    """A drain closes an HTTP/2 connection on which nothing is asked."""
    async with serving(hello) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(FIELDS)
        await h2.until(StreamEnded)
        await asyncio.wait_for(server.serving.drain(PATIENCE), PATIENCE)
        assert server.serving.connections == 0


async def test_http2_drain_during_request() -> None:
    """A drain lets HTTP/2 requests finish, and then closes."""
    began, go = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        began.set()
        await go.wait()
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(FIELDS)
        await began.wait()
        drained = asyncio.create_task(server.serving.drain(PATIENCE))
        await asyncio.sleep(0.05)
        assert not drained.done()
        go.set()
        assert answer(await h2.until(StreamEnded))[b":status"] == b"200"
        await asyncio.wait_for(drained, PATIENCE)


@pytest.mark.parametrize("frames", [250, 251])
async def test_http2_drain_during_long_responses(frames: int) -> None:
    """A drain lets responses end that wait for the socket, whatever the windows let through.

    Whether it is the last frame that waits is a matter of how many there are.
    """
    begun = 0

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal begun
        begun += 1
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": bytes(frames * 16_384)})

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        h2.connection.local_settings = H2Settings(
            client=True, initial_values={SettingCodes.INITIAL_WINDOW_SIZE: 2**31 - 1}
        )
        await h2.begin()
        h2.connection.increment_flow_control_window(2**31 - 1 - 65_535)
        streams = {await h2.request(FIELDS) for _ in range(2)}
        await until(lambda: begun == len(streams))
        drained = asyncio.create_task(server.serving.drain(PATIENCE))
        ended: set[int] = set()
        while ended != streams:
            events = await h2.until(DataReceived, StreamEnded)
            ended |= {event.stream_id for event in events if isinstance(event, StreamEnded)}
        await asyncio.wait_for(drained, PATIENCE)
