"""HTTP/2: responses of every size and shape, bodies of requests, and how long all may take."""

from __future__ import annotations

import asyncio
import hashlib
import random
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    InformationalResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.settings import SettingCodes

from snake.tls.secured import SECURED
from snake.transport.asgi import CLIENT, NOTHING, Receive, Scope, Send
from snake.transport.settings import Settings
from tests.transport.crypt import EC, encrypting, issue, trusting
from tests.transport.frames import FIELDS, H2, answer
from tests.transport.raw_http2 import GET, Raw, headers
from tests.transport.wire import PATIENCE, echo, hello, serving, until

POST = [(":method", "POST"), *FIELDS[1:3], (":path", "/")]
CA = trustme.CA(key_type=EC)
LOCALHOST = issue(CA, "localhost", "127.0.0.1")


def body(events: list[Any]) -> bytes:
    """Return the body among these events."""
    return b"".join(event.data for event in events if isinstance(event, DataReceived))


async def test_over_tls() -> None:
    """A client that offers `h2` gets it, and the app sees https and what ASGI tells of TLS."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await echo(scope, receive, send)

    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        server.client(trusting(CA, alpn=("h2", "http/1.1")), "localhost") as client,
    ):
        h2 = H2(client)
        await h2.begin()
        await h2.request(FIELDS)
        assert body(await h2.until(StreamEnded)) == b"GET /a b "
    assert (seen[0]["scheme"], seen[0]["http_version"]) == ("https", "2")
    assert seen[0]["extensions"]["tls"]["tls_version"] == 0x0304
    assert seen[0][SECURED].alpn == "h2"


async def test_many_downloads_and_uploads_at_once() -> None:
    """Streams share windows and socket; each gets all that is its, and nothing of another's."""
    random_ = random.Random(1)
    blobs = {f"/{n}": random_.randbytes(random_.randrange(1_500_000)) for n in range(24)}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        digest, more = hashlib.sha256(), True
        while more:
            message = await receive()
            digest.update(message["body"])
            more = message["more_body"]
        blob = blobs[scope["path"]]
        fields = [(b"x-digest", digest.hexdigest().encode())]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        for at in range(0, len(blob), 40_000):
            part = {"body": blob[at : at + 40_000], "more_body": True}
            await send({"type": "http.response.body", **part})
        await send({"type": "http.response.body"})

    async with (
        serving(app, encryption=await encrypting(LOCALHOST)) as server,
        httpx.AsyncClient(
            verify=trusting(CA), http1=False, http2=True, timeout=PATIENCE * 3,
            limits=httpx.Limits(max_connections=1),
        ) as client,
    ):  # fmt: skip
        url = f"https://localhost:{server.address[1]}"
        answers = await asyncio.gather(
            *(client.post(url + path, content=blob) for path, blob in blobs.items())
        )
    for (path, blob), response in zip(blobs.items(), answers, strict=True):
        assert response.http_version == "HTTP/2"
        assert response.content == blobs[path]
        assert response.headers["x-digest"] == hashlib.sha256(blob).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 65_535, 65_536, 300_000])
async def test_whole_response_waits_for_windows(size: int) -> None:
    """A response that is made at once is sent as the windows open, without a task."""

    def app(scope: Scope, receive: Receive, send: Any) -> Any:
        del scope, receive
        start = {"type": "http.response.start", "status": 200, "headers": []}
        assert send.whole(start, b"x" * size)
        return NOTHING

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        h2.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
        stream = await h2.request(FIELDS)
        received = b""
        events: list[Any] = []
        if size:
            await until(lambda: server.serving.connections)
            h2.connection.increment_flow_control_window(2**20, stream)
            h2.connection.increment_flow_control_window(2**20)
            await h2.flush()
        while not any(isinstance(event, StreamEnded) for event in events):
            events = await h2.until(DataReceived, StreamEnded)
            received += body(events)
        assert received == b"x" * size
        assert not server.serving.tasks


async def test_file(tmp_path: Path) -> None:
    """A file is sent by its path, whole or in part."""
    content = bytes(range(256)) * 1_000
    path = tmp_path / "file"
    path.write_bytes(content)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        part = {"offset": 1_000, "count": 70_000} if scope["path"] == "/part" else {}
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.pathsend", "path": str(path), **part})

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        h2.connection.increment_flow_control_window(2**20)
        for name, expected in (("/", content), ("/part", content[1_000:71_000])):
            for method in ("GET", "HEAD"):
                stream = await h2.request([(":method", method), *FIELDS[1:3], (":path", name)])
                if method == "GET":
                    h2.connection.increment_flow_control_window(2**20, stream)
                    await h2.flush()
                received, fields, events = b"", dict[bytes, bytes](), list[Any]()
                while not any(isinstance(event, StreamEnded) for event in events):
                    events = await h2.until(DataReceived, StreamEnded)
                    received += body(events)
                    fields = fields or answer(events)
                assert received == (expected if method == "GET" else b"")
                assert fields[b"content-length"] == b"%d" % len(expected)


async def test_interim_responses() -> None:
    """Hints come before the response, and leave the header tables as they are."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope["extensions"][CLIENT]
        await client.inform(103, [(b"link", b"<" + b"a" * 300 + b">"), (b"x", b"y")])
        await send({"type": "http.response.early_hint", "links": [b"<b>"]})
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        for _ in range(3):
            await h2.request(FIELDS)
            events = await h2.until(StreamEnded)
            hints = [e.headers for e in events if isinstance(e, InformationalResponseReceived)]
            assert (b"link", b"<" + b"a" * 300 + b">") in hints[0]
            assert hints[1] == [(b":status", b"103"), (b"link", b"<b>")]
            assert answer(events)[b":status"] == b"200"


async def test_continue() -> None:
    """A client that waits for it is told to continue when the app wants the body."""
    async with serving(echo) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        stream = h2.connection.get_next_available_stream_id()
        h2.connection.send_headers(stream, [*POST, ("expect", "100-continue")])
        await h2.flush()
        (event,) = (
            e
            for e in await h2.until(InformationalResponseReceived)
            if isinstance(e, InformationalResponseReceived)
        )
        assert event.headers == [(b":status", b"100")]
        h2.connection.send_data(stream, b"body", end_stream=True)
        await h2.flush()
        assert body(await h2.until(StreamEnded)) == b"POST / body"


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.response.body", "body": b"x"}],
        [{"type": "http.response.start", "status": 99}],
        [{"type": "http.response.start", "status": 101}],
        [{"type": "http.response.start", "status": 200, "headers": [(b"a b", b"c")]}],
        [{"type": "http.response.start", "status": 200, "headers": [(b":path", b"c")]}],
        [{"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\rc")]}],
        [
            {"type": "http.response.start", "status": 200, "headers": [(b"a", b"\x01")]},
            {"type": "http.response.body", "body": b"x"},
        ],
        [
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"x")]},
            {"type": "http.response.body", "body": b"x"},
        ],
        [
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]},
            {"type": "http.response.body", "body": b"x"},
        ],
        [
            {"type": "http.response.start", "status": 200},
            {"type": "http.response.body", "body": "text"},
        ],
        [],
    ],
)
async def test_no_response(messages: list[dict[str, Any]]) -> None:
    """What is no response is a 500; the connection goes on."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/ok":
            await hello(scope, receive, send)
            return
        for message in messages:
            await send(dict(message))

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(FIELDS)
        assert answer(await h2.until(StreamEnded))[b":status"] == b"500"
        await h2.request([*FIELDS[:3], (":path", "/ok")])
        assert answer(await h2.until(StreamEnded))[b":status"] == b"200"


async def test_connection_fields_of_the_app() -> None:
    """What an app says of the connection is left out; what is between is sent in lower case."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        names = (b"Connection", b"Keep-Alive", b"Transfer-Encoding", b"Upgrade", b"X-Up")
        fields = [(name, b"chunked") for name in names]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": b"x"})

    async with serving(app) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(FIELDS)
        fields = answer(await h2.until(StreamEnded))
    assert set(fields) == {b":status", b"x-up", b"content-length", b"date", b"server"}


@pytest.mark.parametrize(
    "settings",
    [Settings(read_timeout=0.1), Settings(read_idle_timeout=0.1), Settings(write_timeout=0.1)],
)
async def test_timeouts_of_requests(settings: Settings) -> None:
    """A request that takes too long is reset; the connection goes on."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/slow":
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await hello(scope, receive, send)

    async with serving(app, settings) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        stream = h2.connection.get_next_available_stream_id()
        h2.connection.send_headers(stream, [*POST[:3], (":path", "/slow")])
        await h2.flush()
        await h2.until(StreamReset)
        await until(lambda: not server.serving.tasks)
        await h2.request(FIELDS)
        assert answer(await h2.until(StreamEnded))[b":status"] == b"200"


async def test_idle_connection() -> None:
    """A connection on which nothing is asked is closed with a GOAWAY without an error."""
    async with serving(hello, Settings(idle_timeout=0.1)) as server, server.client() as client:
        h2 = H2(client)
        await h2.begin()
        await h2.request(FIELDS)
        events = await h2.until(ConnectionTerminated)
        (event,) = (e for e in events if isinstance(e, ConnectionTerminated))
        assert event.error_code == 0
        await client.closed()
        client.writer.close()
        await until(lambda: server.serving.connections == 0)


@pytest.mark.parametrize(
    "rest", [b"", b"\0", headers(1, b"\x82\x86\x84\x41\x01a")[:-1], b"\0\x01\0\x01\0\0\0\0\x03\x82"]
)
async def test_silence(rest: bytes) -> None:
    """A connection on which a head does not come in time is closed, however it begins."""
    async with (
        serving(hello, Settings(read_header_timeout=0.1)) as server,
        server.client() as client,
    ):
        raw = Raw(client)
        await raw.begin()
        await raw.send(rest)
        assert await raw.end() in {0, 11}
        client.writer.close()
        await until(lambda: server.serving.connections == 0)


async def test_half_a_head_behind_a_request() -> None:
    """A head whose first half came with another request has the time that nothing has."""
    async with serving(hello, Settings(idle_timeout=0.2)) as server, server.client() as client:
        raw = Raw(client)
        await raw.begin()
        await raw.send(raw.request(), headers(3, raw.block(GET))[:5])
        assert await raw.status() == 200
        assert await raw.end() == 0


async def test_client_that_leaves() -> None:
    """Apps hear that their client is gone, whichever way it goes."""
    gone = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal gone
        del send

        def leave() -> None:
            nonlocal gone
            gone += 1

        scope["extensions"][CLIENT].when_gone(leave)
        while (await receive())["type"] != "http.disconnect":
            pass

    async with serving(app) as server:
        for ending in ("reset", "half_close"):
            async with server.client() as client:
                h2 = H2(client)
                await h2.begin()
                await h2.request(FIELDS)
                await until(lambda: server.serving.tasks)
                getattr(client, ending)()
                await until(lambda: not server.serving.tasks)
    assert gone == 2
