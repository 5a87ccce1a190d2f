"""Apps over HTTP/2: the version that they see, trailers, hints, bodies, streams that end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from h2.events import (
    DataReceived,
    InformationalResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

from tests.python.serving import asgi, listening, wsgi
from tests.transport.frames import FIELDS, H2, answer
from tests.transport.wire import Client

pytestmark = pytest.mark.usefixtures("way")

Scope = dict[str, Any]
START = {"type": "http.response.start", "status": 200, "headers": []}
END = {"type": "http.response.body", "body": b"body"}


@asynccontextmanager
async def talking(handler: Any) -> AsyncIterator[H2]:
    """Serve a handler to a client of HTTP/2."""
    async with listening(handler) as port:
        h2 = H2(Client(*await asyncio.open_connection("127.0.0.1", port)))
        await h2.begin()
        yield h2
        h2.client.writer.close()


def data(events: list[Any]) -> bytes:
    """Return the body among these events."""
    return b"".join(event.data for event in events if isinstance(event, DataReceived))


async def test_version_and_body() -> None:
    """The app is told HTTP/2, and gets a body without a length."""
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        scopes.append(scope)
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        await send(dict(START))
        await send({"type": "http.response.body", "body": body})

    async with talking(asgi(app)) as h2:
        for body in (b"", b"x" * 10_000):
            await h2.request([*FIELDS[1:], (":method", "POST")], body)
            assert data(await h2.until(StreamEnded)) == body

    assert [scope["http_version"] for scope in scopes] == ["2", "2"]


async def test_wsgi_app_sees_http2() -> None:
    """`SERVER_PROTOCOL` is `HTTP/2.0`, as Go has it."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [environ["SERVER_PROTOCOL"].encode(), b" ", environ["wsgi.input"].read()]

    async with talking(wsgi(app)) as h2:
        await h2.request([*FIELDS[1:], (":method", "POST")], b"body")
        assert data(await h2.until(StreamEnded)) == b"HTTP/2.0 body"


async def test_hints_and_trailers() -> None:
    """Early hints come before the response, trailers after it."""

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.early_hint", "links": [b"</a>"]})
        await send({**START, "trailers": True})
        await send(dict(END))
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]})

    async with talking(asgi(app)) as h2:
        await h2.request([*FIELDS, ("te", "trailers")])
        events = await h2.until(StreamEnded)

    (hint,) = (event for event in events if isinstance(event, InformationalResponseReceived))
    assert dict(hint.headers) == {b":status": b"103", b"link": b"</a>"}
    assert answer(events)[b":status"] == b"200"
    assert data(events) == b"body"
    (trailers,) = (event for event in events if isinstance(event, TrailersReceived))
    assert dict(trailers.headers) == {b"x-sum": b"1"}


async def test_reset_stream_reaches_the_app() -> None:
    """An app whose stream is reset hears that its client is gone; others go on."""
    waiting, heard = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        if scope["path"] == "/wait":
            await receive()
            waiting.set()
            assert (await receive())["type"] == "http.disconnect"
            heard.set()
        else:
            await send(dict(START))
            await send(dict(END))

    async with talking(asgi(app)) as h2:
        stream = await h2.request([*FIELDS[:3], (":path", "/wait")])
        await asyncio.wait_for(waiting.wait(), 5)
        h2.connection.reset_stream(stream)
        await h2.flush()
        await asyncio.wait_for(heard.wait(), 5)
        await h2.request(FIELDS)
        assert data(await h2.until(StreamEnded)) == b"body"


async def test_failure_in_the_middle_resets_the_stream() -> None:
    """A response that has begun and fails does not look complete."""
    arrived = asyncio.Event()

    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        await send(dict(START))
        await send({**END, "more_body": True})
        await arrived.wait()
        raise LookupError("later")

    async with talking(asgi(app)) as h2:
        await h2.request(FIELDS)
        await h2.until(DataReceived)
        arrived.set()
        events = await h2.until(StreamReset, StreamEnded)

    assert any(isinstance(event, StreamReset) for event in events)
