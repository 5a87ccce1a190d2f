"""HTTP where HTTPS is spoken, with the wrapper `http_redirect`."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import msgspec
import pytest

from snake.config.http import Server
from snake.config.tls import ConnectionPolicy
from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.http.listener_wrappers import provision_wrappers
from snake.standard import MODULES
from snake.transport.asgi import Receive, Scope, Send
from snake.transport.http_redirect import HTTPRedirect
from snake.transport.proxy_protocol import ProxyProtocol
from tests.transport.wire import serving, until

HEAD = b"HTTP/1.0 308 Permanent Redirect\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"


async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Fail: no request gets here."""
    del receive, send
    raise AssertionError(scope)


def wrapper(size: int = 1000, timeout: float | None = 5) -> HTTPRedirect:
    """Return the wrapper with these limits."""
    return HTTPRedirect(size, timeout)


async def answers(*pieces: bytes, made: HTTPRedirect | None = None) -> bytes:
    """Send bytes, piece by piece, and return all that comes until the server closes."""
    async with serving(nobody, wrappers=[made or wrapper()]) as server, server.client() as client:
        for piece in pieces:
            await client.send(piece)
            await asyncio.sleep(0)
        return await client.rest()


@pytest.mark.parametrize(
    ("request_", "location"),
    [
        (b"GET /a?b=c HTTP/1.1\r\nHost: x.com:1234\r\n\r\n", b"https://x.com:1234/a?b=c"),
        (b"HEAD / HTTP/1.1\r\nHost: [::1]:5\r\n\r\n", b"https://[::1]:5/"),
        (b"GET //evil.com HTTP/1.1\r\nHost: a\r\n\r\n", b"https://a//evil.com"),
        (b"POST http://y.com/z HTTP/1.1\r\nHost: x.com\r\n\r\n", b"https://y.com/z"),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", b"https://a/"),
        (b"PUT /x HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", b"https://a/x"),
    ],
)
async def test_requests_are_redirected(request_: bytes, location: bytes) -> None:
    """What begins as a request is sent to HTTPS at the host and port that it was for."""
    assert await answers(request_) == HEAD % location


async def test_a_request_may_come_byte_by_byte() -> None:
    """However it comes, it is one request."""
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    pieces = [request[index : index + 1] for index in range(len(request))]

    assert await answers(*pieces) == HEAD % b"https://a/"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + 1000 * b"x", b"431"),
    ],
)
async def test_what_is_no_request_is_refused(request_: bytes, status: bytes) -> None:
    """What only looks like a request, or is too long, is answered like anywhere else."""
    assert (await answers(request_)).startswith(b"HTTP/1.1 " + status)


async def test_what_does_not_come_is_not_waited_for() -> None:
    """A client that sends half a request is sent away in time."""
    assert await answers(b"GET / HT", made=wrapper(timeout=0.05)) == b""
    assert await answers(b"GE", made=wrapper(timeout=0.05)) == b""


async def test_all_else_is_left_to_who_reads_next() -> None:
    """Bytes that begin no request of HTTP are not lost."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["method"].encode()})

    async with serving(app, wrappers=[wrapper()]) as server, server.client() as client:
        await client.send(b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n")

        assert (await client.response()).body == b"DELETE"


async def test_who_leaves_takes_nothing_along() -> None:
    """A client that goes away before it has said anything leaves nothing behind."""
    async with serving(nobody, wrappers=[wrapper()]) as server:
        async with server.client() as client:
            await client.send(b"GET ")
        await until(lambda: not server.serving.tasks)


@pytest.mark.parametrize(
    ("wrappers", "message", "index"),
    [
        (["tls"], "need not be said first", 0),
        (["http_redirect", "tls", "tls"], "only once", 2),
        (["http_redirect"], "http_redirect stands behind tls", 0),
        (["http_redirect", "tls", "proxy_protocol"], "proxy_protocol stands behind tls", 2),
    ],
)
async def test_the_place_of_tls(wrappers: list[str], message: str, index: int) -> None:
    """Wrappers stand before TLS; those that would stand behind it are refused by name."""
    raw = tuple(msgspec.Raw(msgspec.json.encode({"wrapper": name})) for name in wrappers)
    server = Server(listener_wrappers=raw, tls_connection_policies=(ConnectionPolicy(),))
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack, path="listener_wrappers")
        with pytest.raises(ConfigError, match=message) as it:
            await provision_wrappers(ctx, server)

    assert it.value.path == f"listener_wrappers/{index}"


async def test_wrappers_before_tls() -> None:
    """Wrappers that are followed by `tls` look at what is not encrypted yet."""
    names = ("proxy_protocol", "http_redirect", "tls")
    raw = tuple(msgspec.Raw(msgspec.json.encode({"wrapper": name})) for name in names)
    server = Server(listener_wrappers=raw, tls_connection_policies=(ConnectionPolicy(),))
    async with AsyncExitStack() as stack:
        made = await provision_wrappers(Context(Registry(MODULES), stack), server)

    assert [type(each) for each in made] == [ProxyProtocol, HTTPRedirect]
