"""proxy.gunzip: upstreams may compress what clients did not ask to be compressed."""

from __future__ import annotations

import gzip

import pytest

from tests.proxy.proxying import proxy, upstream
from tests.transport.wire import GET

GZIPPED = gzip.compress(b"hello " * 100)


def gzipped(body: bytes, *fields: bytes) -> bytes:
    """Return a response with a body that is compressed."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n%b\r\n%b" % (
        len(body),
        lines,
        body,
    )


async def test_response_is_inflated_for_who_did_not_ask() -> None:
    """The upstream is asked for gzip, and the client gets none."""
    async with upstream(gzipped(GZIPPED)) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        response = await client.response()

    assert response.body == b"hello " * 100
    assert response.all("content-encoding") == []
    assert b"\r\nAccept-Encoding: gzip\r\n" in up.asked[0]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\n\r\n",
    ],
)
async def test_response_is_not_inflated_for_who_may_have_asked(request_: bytes) -> None:
    """It is passed on as it is."""
    async with upstream(gzipped(GZIPPED)) as up, proxy(up) as server, server.client() as client:
        await client.send(request_)
        response = await client.response()

    assert response.body == GZIPPED
    assert response["content-encoding"] == "gzip"


async def test_without_compression() -> None:
    """The upstream is not asked for gzip, and what it sends anyway is passed on."""
    async with (
        upstream(gzipped(GZIPPED)) as up,
        proxy(up, transport={"protocol": "http", "compression": False}) as server,
        server.client() as client,
    ):
        await client.send(GET)
        assert (await client.response()).body == GZIPPED

    assert b"accept-encoding" not in up.asked[0].lower()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", b""),
        (GZIPPED + gzip.compress(b"more"), b"hello " * 100 + b"more"),
        (gzip.compress(b""), b""),
    ],
    ids=["no body", "two members", "empty"],
)
async def test_odd_gzip(body: bytes, expected: bytes) -> None:
    """What is no error is none."""
    async with upstream(gzipped(body)) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        assert (await client.response()).body == expected


@pytest.mark.parametrize(
    "body", [b"not gzip", GZIPPED[:-4], GZIPPED + b"rest"], ids=["none", "half", "more"]
)
async def test_wrong_gzip(body: bytes) -> None:
    """The response is broken off: the client does not take it for whole."""
    async with upstream(gzipped(body)) as up, proxy(up) as server, server.client() as client:
        await client.send(GET)
        got = await client.rest()

    assert not got.endswith(b"0\r\n\r\n")
