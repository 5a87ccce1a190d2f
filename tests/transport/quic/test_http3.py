"""HTTP/3: requests and responses."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aioquic.h3.connection import ErrorCode

from snake.tls.secured import SECURED
from snake.transport.asgi import AbortError, ClientDisconnectedError, Receive, Scope, Send
from tests.transport.quic.client import Fields, head, serving
from tests.transport.wire import echo, hello, steady, until, whole_body


async def test_http3() -> None:
    """HTTP/3 is spoken; the app sees no difference."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await echo(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        fields = [*head("POST", "/a%20b?q"), (b"cookie", b"a=1"), (b"x_user", b"1")]
        response = await client.request([*fields, (b"cookie", b"b=2")], b"body")
    assert (response.status, response.body) == (200, b"POST /a b body")
    assert response.head[b"server"] == b"snake"
    assert response.head[b"date"].endswith(b" GMT")
    assert seen[0]["http_version"] == "3"
    assert seen[0]["scheme"] == "https"
    assert seen[0]["headers"] == [(b"host", b"a.test"), (b"cookie", b"a=1; b=2")]
    assert (seen[0]["raw_path"], seen[0]["query_string"]) == (b"/a%20b", b"q")
    assert seen[0]["client"][0] == "127.0.0.1"
    assert seen[0]["server"] == server.address


async def test_tls_is_told() -> None:
    """An app is told of the handshake, as it is over TCP (ASGI's `tls`)."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        await client.get()
    secured = seen[0][SECURED]
    assert (secured.server_name, secured.alpn, secured.version) == ("a.test", "h3", 0x0304)
    assert seen[0]["extensions"]["tls"]["tls_version"] == 0x0304
    assert seen[0]["extensions"]["tls"]["cipher_suite"] in (0x1301, 0x1302, 0x1303)


async def test_many_requests() -> None:
    """More requests than a client may have open at once are answered, one connection long."""
    async with serving(echo) as server, server.client() as client:
        for _ in range(3):
            streams = [client.send(head("GET", f"/{at}")) for at in range(90)]
            answers = [await client.answer(at) for at in streams]
            assert [each.body for each in answers] == [b"GET /%d " % at for at in range(90)]


async def test_large_body_both_ways() -> None:
    """A body that is longer than every window goes through, both ways."""
    body = bytes(range(256)) * 6_000  # 1.5 MB

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            message = await receive()
            await send({"type": "http.response.body", "body": message["body"], "more_body": True})
            if not message["more_body"]:
                break
        await send({"type": "http.response.body"})

    async with serving(app) as server, server.client() as client:
        response = await client.request(head("POST"), body)
    assert response.body == body


async def test_body_waits_for_the_app() -> None:
    """A client can send no more than a window while the app takes nothing, and goes on then."""
    go = asyncio.Event()
    body = bytes(2_000_000)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await echo(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        at = client.send(head("POST"), body)
        sender = client.quic._streams[at].sender
        await until(lambda: sender.highest_offset >= 250_000)
        await asyncio.sleep(0.3)
        assert sender.highest_offset <= 262_144
        go.set()
        assert len((await client.answer(at)).body) == len(body) + len("POST / ")


async def test_one_that_waits_stops_nobody() -> None:
    """A body that nobody takes does not stop other requests on the connection."""
    never = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/stuck":
            await never.wait()
        await echo(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        client.send(head("POST", "/stuck"), bytes(2_000_000))
        response = await client.request(head("POST", "/free"), bytes(1_000_000))
        assert len(response.body) == 1_000_000 + len("POST /free ")
        never.set()


async def test_send_waits_for_the_client() -> None:
    """An app that sends without end is stopped while the client takes nothing."""
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": bytes(50_000), "more_body": True})
            sent += 50_000

    async with serving(app) as server, server.client(max_stream_data=100_000) as client:
        # The client's window is not moved: what came is never acknowledged to be taken.
        client.quic._write_stream_limits = lambda *_, **__: None
        at = client.send(head())
        await until(lambda: len(client.response(at).body) > 90_000)
        assert await steady(lambda: sent) <= 100_000 + 4 * 65_536


@pytest.mark.parametrize(
    ("method", "status", "fields", "body"),
    [
        ("HEAD", 200, [(b"content-length", b"5")], b"hello"),
        ("GET", 204, [], b"hello"),
        ("GET", 304, [(b"content-length", b"5")], b"hello"),
    ],
)
async def test_no_body(method: str, status: int, fields: Fields, body: bytes) -> None:
    """HEAD, 204 and 304 have no body, whatever the app sends."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": body[:2], "more_body": True})
        await send({"type": "http.response.body", "body": body[2:]})

    async with serving(app) as server, server.client() as client:
        response = await client.request(head(method))
    assert (response.status, response.body, response.ended) == (status, b"", True)
    assert (b"content-length" in response.head) is (method == "HEAD")


async def test_length_is_made() -> None:
    """A response that is whole has a Content-Length; one in parts has what the app gave."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/parts":
            await send({"type": "http.response.body", "body": b"he", "more_body": True})
        await send({"type": "http.response.body", "body": b"llo"})

    async with serving(app) as server, server.client() as client:
        whole, parts = await client.get("/"), await client.get("/parts")
    assert (whole.head[b"content-length"], whole.body) == (b"3", b"llo")
    assert (b"content-length" in parts.head, parts.body) == (False, b"hello")


async def test_fields_of_a_connection_are_dropped() -> None:
    """What an app says of the connection is not sent: HTTP/3 has no words for it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        headers = [(b"Connection", b"close"), (b"Keep-Alive", b"1"), (b"X-A", b"b")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    async with serving(app) as server, server.client() as client:
        response = await client.get()
    assert response.head[b"x-a"] == b"b"
    assert not {b"connection", b"keep-alive"} & set(response.head)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x", b"a\r\nb: c")],
        [(b"x y", b"a")],
        [(b"content-length", b"1"), (b"content-length", b"2")],
        [(b"content-length", b"x")],
    ],
)
async def test_wrong_response(headers: Fields) -> None:
    """A head that is none becomes a 500, and nothing of it is sent."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    async with serving(app) as server, server.client() as client:
        response = await client.get()
        assert (response.status, response.body) == (500, b"")
        assert b"x" not in response.head


@pytest.mark.parametrize("length", [3, 9])
async def test_length_that_is_not_kept(length: int) -> None:
    """A body of another length than its Content-Length is broken off, or a 500."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        headers = [(b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["path"] == "/parts":
            await send({"type": "http.response.body", "body": b"he", "more_body": True})
        await send({"type": "http.response.body", "body": b"llo!"})

    async with serving(app) as server, server.client() as client:
        assert (await client.get("/")).status == 500
        parts = await client.get("/parts")
        assert (parts.reset, parts.ended) == (ErrorCode.H3_INTERNAL_ERROR, False)


async def test_app_that_fails() -> None:
    """An app that fails makes a 500, or a stream that is reset; the connection goes on."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if scope["path"] == "/abort":
            raise AbortError
        if scope["path"] != "/early":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        if scope["path"] != "/return":
            raise ZeroDivisionError

    async with serving(app) as server, server.client() as client:
        assert (await client.get("/early")).status == 500
        assert (await client.get("/late")).reset == ErrorCode.H3_INTERNAL_ERROR
        assert (await client.get("/return")).reset == ErrorCode.H3_INTERNAL_ERROR
        assert (await client.get("/abort")).reset == ErrorCode.H3_INTERNAL_ERROR


async def test_trailers_both_ways() -> None:
    """Fields after the body come to the app, and go to the client."""
    seen: Fields = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        seen.extend(scope["extensions"]["snake.client"].trailers)
        start = {"type": "http.response.start", "status": 200, "headers": [], "trailers": True}
        await send(start)
        await send({"type": "http.response.body", "body": b"x"})
        await send({"type": "http.response.trailers", "headers": [(b"X-Sum", b"1")]})

    async with serving(app) as server, server.client() as client:
        at = client.send(head("POST"), b"body", end=False)
        client.http3.send_headers(at, [(b"x-end", b"2")], end_stream=True)
        client.transmit()
        response = await client.answer(at)
    assert seen == [(b"x-end", b"2")]
    assert (response.body, response.fields[-1]) == (b"x", [(b"x-sum", b"1")])


async def test_early_hints_and_continue() -> None:
    """Interim responses come first; a client that waits for one is told to go on."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await send({"type": "http.response.early_hint", "links": [b"</a>; rel=preload"]})
        body = await whole_body(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async with serving(app) as server, server.client() as client:
        at = client.send([*head("POST"), (b"expect", b"100-continue")], end=False)
        response = client.response(at)
        await client.until(lambda: len(response.fields) == 2)
        client.http3.send_data(at, b"body", end_stream=True)
        client.transmit()
        await client.answer(at)
    assert response.fields[0] == [(b":status", b"103"), (b"link", b"</a>; rel=preload")]
    assert response.fields[1] == [(b":status", b"100")]
    assert (response.status, response.body) == (200, b"body")


async def test_file(tmp_path: Path) -> None:
    """A file is sent, or a part of it (ASGI's `http.response.pathsend`)."""
    file = tmp_path / "a"
    file.write_bytes(bytes(range(256)) * 1000)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        part = {"offset": 10, "count": 20} if scope["path"] == "/part" else {}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": str(file), **part})

    async with serving(app) as server, server.client() as client:
        whole, part = await client.get("/"), await client.get("/part")
        none = await client.request(head("HEAD"))
    assert whole.body == file.read_bytes()
    assert (part.body, part.head[b"content-length"]) == (bytes(range(10, 30)), b"20")
    assert (none.body, none.head[b"content-length"]) == (b"", b"256000")


async def test_answer_before_the_body() -> None:
    """A response that waits for no body ends the request: the client is asked to send no more."""
    async with serving(hello) as server, server.client() as client:
        at = client.send(head("POST"), bytes(3_000_000))
        response = await client.answer(at)
        assert (response.status, response.body) == (200, b"hello")
        await client.until(lambda: response.stopped is not None)
        assert response.stopped == ErrorCode.H3_NO_ERROR
        assert (await client.get()).status == 200


@pytest.mark.parametrize("how", ["reset", "stop", "close"])
async def test_client_that_leaves(how: str) -> None:
    """An app hears that its client is gone, and can send nothing more."""
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await receive()
        heard.append((await receive())["type"])
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x"})
        except ClientDisconnectedError:
            heard.append("gone")

    async with serving(app) as server, server.client() as client:
        at = client.send(head("POST"), b"x", end=how != "reset")
        await asyncio.sleep(0.05)
        if how == "reset":
            client.quic.reset_stream(at, ErrorCode.H3_REQUEST_CANCELLED)
            client.transmit()
        elif how == "stop":
            client.quic.stop_stream(at, ErrorCode.H3_REQUEST_CANCELLED)
            client.transmit()
        else:
            client.close()
        await until(lambda: heard == ["http.disconnect", "gone"])


async def test_state_and_half_read_body() -> None:
    """An app that reads half of a body can answer; the rest is not kept."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        for _ in range(20):
            response = await client.request(head("POST"), bytes(400_000))
            assert (response.status, response.body) == (200, b"hello")
