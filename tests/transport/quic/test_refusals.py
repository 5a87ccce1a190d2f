"""HTTP/3: what is no request, and what is none for here."""

from __future__ import annotations

import pytest
from aioquic.h3.connection import ErrorCode

from snake.transport.asgi import Receive, Scope, Send
from tests.transport.quic.client import Client, Fields, head, serving
from tests.transport.wire import echo, hello

MALFORMED: dict[str, Fields] = {
    "no method": head()[1:],
    "no scheme": [head()[0], *head()[2:]],
    "no path": head()[:3],
    "empty path": [*head()[:3], (b":path", b"")],
    "method twice": [head()[0], *head()],
    "late": [*head()[:3], (b"a", b"b"), head()[3]],
    "of a response": [*head(), (b":status", b"200")],
    "unknown": [*head(), (b":what", b"x")],
    "upper case": [*head(), (b"X-A", b"b")],
    "space in a name": [*head(), (b"x a", b"b")],
    "CR": [*head(), (b"x", b"a\rb")],
    "LF": [*head(), (b"x", b"a\nb")],
    "NUL": [*head(), (b"x", b"a\0b")],
    "space before": [*head(), (b"x", b" a")],
    "connection": [*head(), (b"connection", b"close")],
    "transfer-encoding": [*head(), (b"transfer-encoding", b"chunked")],
    "upgrade": [*head(), (b"upgrade", b"websocket")],
    "te": [*head(), (b"te", b"gzip")],
    "length": [*head(), (b"content-length", b"+1")],
    "two lengths": [*head(), (b"content-length", b"0"), (b"content-length", b"0")],
    "length without a body": [*head(), (b"content-length", b"5")],
}


def _bare(client: Client, fields: Fields, *, end: bool = True) -> int:
    """Send fields that a client's own checks would not let pass."""
    at: int = client.quic.get_next_available_stream_id()
    _, block = client.http3._encoder.encode(at, fields)
    client.raw(at, bytes([1, 0x40 | len(block) >> 8, len(block) & 255]) + block, end=end)
    return at


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_request(name: str) -> None:
    """What is no request is the end of its stream, and of nothing else (RFC 9114 §4.1.2)."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["path"])
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        response = await client.answer(_bare(client, MALFORMED[name]))
        assert response.reset == ErrorCode.H3_MESSAGE_ERROR
        assert seen == []
        assert (await client.get()).status == 200


@pytest.mark.parametrize(("length", "body"), [(5, b"hell"), (3, b"hell"), (0, b"x")])
async def test_length_of_a_request(length: int, body: bytes) -> None:
    """A body that is not as long as was said is malformed; what there is of it is not whole."""
    async with serving(echo) as server, server.client() as client:
        fields = [*head("POST"), (b"content-length", b"%d" % length)]
        response = await client.request(fields, body)
        assert response.reset == ErrorCode.H3_MESSAGE_ERROR
        assert (await client.get()).status == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([*head(), (b"host", b"b.test")], 400),
        ([*head()[:2], head()[3]], 400),
        (head(host="a@b"), 400),
        (head(host="a/b"), 400),
        (head(path="a"), 400),
        (head(path="/%zz"), 400),
        (head(path="*"), 400),
        (head(path="/" + "a" * 9000), 414),
        ([*head(), *[(b"a%d" % at, b"b") for at in range(300)]], 431),
        ([*head(), (b"a", b"b" * 20_000)], 431),
        (head("A" * 40), 405),
        ([(b":method", b"CONNECT"), (b":authority", b"a:1")], 405),
    ],
)
async def test_refused_request(fields: Fields, status: int) -> None:
    """A request that is one, but not for here, gets a status; no app sees it."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["path"])
        await hello(scope, receive, send)

    async with serving(app) as server, server.client() as client:
        assert (await client.answer(_bare(client, fields))).status == status
        assert seen == []
        assert (await client.get()).status == 200


async def test_options_of_the_server() -> None:
    """`OPTIONS *` is answered, and no app sees it."""
    async with serving(echo) as server, server.client() as client:
        assert (await client.request(head("OPTIONS", "*"))).status == 200
