"""The response of a FastCGI server, and what is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from snake.proxy.contract import BrokenReplyError, UpstreamError
from tests.proxy.cgi.conversation import (
    HEAD,
    Asked,
    answering,
    end,
    outgoing,
    read,
    record,
    saying,
    stderr,
    stdout,
)


@pytest.mark.parametrize(
    ("head", "status", "fields"),
    [
        (b"Status: 404 Not Found\nX: a\n\n", 404, [(b"status", b"404 Not Found"), (b"x", b"a")]),
        (b"Status: 201\r\n\r\n", 201, [(b"status", b"201")]),
        (b"X:a\r\n  b\r\nY: \r\n\r\n", 200, [(b"x", b"a b"), (b"y", b"")]),
        (b"X: 1\r\nX: 2 \t\r\n\r\n", 200, [(b"x", b"1"), (b"x", b"2")]),
        (b"\r\n", 200, []),
        (b"\n", 200, []),
        (b"X: caf\xc3\xa9\xff\n\n", 200, [(b"x", b"caf\xc3\xa9\xff")]),
    ],
)
async def test_heads(head: bytes, status: int, fields: Sequence[tuple[bytes, bytes]]) -> None:
    """Status and fields are as in any CGI response; lines may end in LF."""
    async with answering(saying(stdout(head + b"body"), end())) as server:
        reply = await server.ask(outgoing())
        assert (reply.status, reply.fields) == (status, [*fields, (b"content-length", b"4")])
        assert await read(reply) == b"body"


@pytest.mark.parametrize(
    "head",
    [
        b"no colon\r\n\r\n",
        b" X: a\r\n\r\n",
        b": a\r\n\r\n",
        b"X : a\r\n\r\n",
        b"X: a\0b\r\n\r\n",
        b"X: a\rb\r\n\r\n",
        b"Status: abc\r\n\r\n",
        b"Status: 99\r\n\r\n",
        b"Status: 101\r\n\r\n",
        b"Status: 1000\r\n\r\n",
        b"Status: -200\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_wrong_heads(head: bytes) -> None:
    """What is no head of a response is the upstream's failure."""
    async with answering(saying(stdout(head + b"body"), end())) as server:
        with pytest.raises(UpstreamError):
            await server.ask(outgoing())


async def test_response_of_nothing() -> None:
    """A program that says nothing answers 200, as in Caddy."""
    async with answering(saying(end())) as server:
        reply = await server.ask(outgoing())
        assert (reply.status, reply.fields) == (200, [(b"content-length", b"0")])
        assert await read(reply) == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        stdout(HEAD)[:-6],
        record(6, HEAD, version=2),
        record(6, HEAD, request=2),
        end(how=1),
        end(how=2),
        stderr(b"PHP Fatal error"),
        b"\0" * 100,
    ],
)
async def test_no_response(data: bytes) -> None:
    """What ends before there is a head, or is no FastCGI, is the upstream's failure."""
    async with answering(saying(data)) as server:
        with pytest.raises(UpstreamError):
            await server.ask(outgoing())


async def test_head_without_end() -> None:
    """A head of more than a mebibyte is refused, and costs little until then."""

    async def script(asked: Asked) -> None:
        await asked.read_all()
        while True:
            await asked.say(stdout(b"X: a\r\n") * 1000)

    async with answering(script) as server, asyncio.timeout(10):
        with pytest.raises(UpstreamError, match="without end"):
            await server.ask(outgoing())
        await server.closed.wait()


@pytest.mark.parametrize(
    "records",
    [
        [],
        [stdout(b"a")],
        [stdout(b"a"), b"\x01\x06"],
        [stdout(b"a"), b"garbage!"],
        [stdout(b"a"), end(how=2)],
    ],
)
async def test_broken_response(records: Sequence[bytes]) -> None:
    """A response that ends before its end must not look complete."""
    async with answering(saying(stdout(HEAD), *records)) as server:
        reply = await server.ask(outgoing())
        with pytest.raises(BrokenReplyError):
            await read(reply)


@pytest.mark.parametrize("body", [b"abcd", b"abcdef", b""])
@pytest.mark.parametrize("cut", [False, True])
async def test_wrong_length(body: bytes, *, cut: bool) -> None:
    """A body is as long as its Content-Length, or broken."""
    data = [stdout(b"Content-Length: 5\r\n\r\n"), stdout(body), end()]

    async def script(asked: Asked) -> None:
        await asked.read_all()
        if cut:
            await asked.say(data.pop(0))
            await asyncio.sleep(0.05)
        await asked.say(*data)

    async with answering(script) as server:
        reply = await server.ask(outgoing())
        with pytest.raises(BrokenReplyError):
            await read(reply)


async def test_length_of_no_body() -> None:
    """HEAD and 304 tell the length of a body that does not come."""
    for head, method in ((b"Content-Length: 5\r\n\r\n", "HEAD"),
                         (b"Status: 304\r\nContent-Length: 5\r\n\r\n", "GET")):  # fmt: skip
        async with answering(saying(stdout(head), end())) as server:
            reply = await server.ask(outgoing(method=method))
            assert await read(reply) == b""


@pytest.mark.parametrize("size", [4, 1000])
async def test_chunks(size: int) -> None:
    """A program may chunk its response itself; chunks that are none are broken."""
    body = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    head = b"Transfer-Encoding: chunked\r\n\r\n"
    data = [stdout(body[at : at + size]) for at in range(0, len(body), size)]
    async with answering(saying(stdout(head), *data, end())) as server:
        assert await read(await server.ask(outgoing())) == b"abcde"
    for wrong in (body[:-2], b"x\r\n", b"3\r\nabcd"):
        async with answering(saying(stdout(head), stdout(wrong), end())) as server:
            reply = await server.ask(outgoing())
            with pytest.raises(BrokenReplyError):
                await read(reply)
