"""proxy.handler: a request goes to an upstream, and its response to the client."""

from __future__ import annotations

import socket

from tests.proxy.proxying import OK, proxy, upstream
from tests.transport.wire import GET


def refusing() -> str:
    """Return an address at which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"


async def test_request_and_response_are_passed_on() -> None:
    """The upstream gets the request with the fields that proxies add, the client the response."""
    async with upstream(OK) as up, proxy(up) as server, server.client() as client:
        await client.send(b"GET /a%20b?c HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n")
        response = await client.response()

    assert (response.status, response.body, response["via"]) == (200, b"ok", "1.1 snake")
    assert response.all("server") == []
    line, *fields = up.asked[0].decode().strip().split("\r\n")
    assert line == "GET /a%20b?c HTTP/1.1"
    assert sorted(fields) == [
        "Accept-Encoding: gzip",
        "Host: a",
        "Via: 1.1 snake",
        "X-A: 1",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Host: a",
        "X-Forwarded-Proto: http",
    ]


async def test_connections_are_kept() -> None:
    """Requests one after another go over one connection."""
    async with upstream(OK) as up, proxy(up) as server, server.client() as client:
        for _ in range(3):
            await client.send(GET)
            assert (await client.response()).body == b"ok"

        assert up.connections == 1


async def test_upstream_that_cannot_be_dialled() -> None:
    """The client gets a 502."""
    async with proxy(refusing()) as server, server.client() as client:
        await client.send(GET)

        assert (await client.response()).status == 502


async def test_no_upstream() -> None:
    """Without any upstream the client gets a 503."""
    async with proxy() as server, server.client() as client:
        await client.send(GET)

        assert (await client.response()).status == 503
