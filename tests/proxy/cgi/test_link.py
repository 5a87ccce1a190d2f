"""A request to a FastCGI server and its response, whatever the server makes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from snake.http.errors import HandlerError
from snake.proxy.contract import (
    BrokenReplyError,
    DialError,
    DialInfo,
    UpstreamError,
    UpstreamTimeoutError,
)
from snake.transport.exchange import ClientDisconnectedError
from tests.proxy.cgi.conversation import (
    Asked,
    Body,
    Script,
    answering,
    end,
    outgoing,
    read,
    record,
    stderr,
    stdout,
    transport,
)
from tests.server import free_port

HEAD = b"Content-Type: text/plain\r\n\r\n"


def saying(*records: bytes) -> Script:
    """Return a server that reads the request and sends this."""

    async def script(asked: Asked) -> None:
        await asked.read_all()
        await asked.say(*records)

    return script


async def test_response_in_one_piece() -> None:
    """What is there with the head costs no wait."""
    async with answering(saying(stdout(HEAD + b"hi"), stdout(b" there"), end())) as server:
        reply = await server.ask(outgoing())
        assert reply.status == 200
        assert reply.fields == [(b"content-type", b"text/plain")]
        assert await read(reply) == b"hi there"


@pytest.mark.parametrize("size", [1, 3, 8, 13])
async def test_records_in_pieces(size: int) -> None:
    """Where the bytes of records are cut means nothing."""
    data = stdout(HEAD) + stdout(b"x" * 100) + stderr(b"!") + stdout(b"y") + end()

    async def script(asked: Asked) -> None:
        await asked.read_all()
        for at in range(0, len(data), size):
            await asked.say(data[at : at + size])
            await asyncio.sleep(0)

    async with answering(script) as server:
        assert await read(await server.ask(outgoing())) == b"x" * 100 + b"y"


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
        assert (reply.status, reply.fields) == (status, fields)
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
        assert (reply.status, reply.fields) == (200, [])
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


async def test_body_arrives() -> None:
    """A body is sent as it comes, in records of any size."""
    pieces = [b"a" * 100_000, b"b", b"c" * 65_528]
    got: list[Asked] = []

    async def script(asked: Asked) -> None:
        await asked.read_all()
        got.append(asked)
        await asked.say(stdout(HEAD), end())

    async with answering(script) as server:
        content = Body(pieces, length=165_529)
        reply = await server.ask(outgoing(method="POST", content=content))
        assert await read(reply) == b""
    assert got[0].body == b"".join(pieces)
    assert got[0].variables["CONTENT_LENGTH"] == "165529"


async def test_answer_while_body_is_sent() -> None:
    """A response streams while the body does: neither waits for the other's end."""
    gate = asyncio.Event()

    async def script(asked: Asked) -> None:
        await asked.read_head()
        assert await asked.read() == (5, b"first")
        await asked.say(stdout(HEAD + b"early"))
        assert await asked.read() == (5, b"")
        await asked.say(end())

    async with answering(script) as server, asyncio.timeout(10):
        content = Body([b"first"], length=5, gate=gate)
        reply = await server.ask(outgoing(method="POST", content=content))
        assert await reply.read() == b"early"
        gate.set()
        assert await reply.read() == b""
        reply.close()


async def test_early_end_stops_the_body() -> None:
    """Who answers before it has the body does not get the rest of it."""

    async def script(asked: Asked) -> None:
        await asked.read_head()
        await asked.say(stdout(b"Status: 413\r\n\r\n"), end())

    async with answering(script) as server, asyncio.timeout(10):
        content = Body([b"x" * 65_536], length=1 << 30, gate=asyncio.Event())
        reply = await server.ask(outgoing(method="POST", content=content))
        assert reply.status == 413
        assert await read(reply) == b""


async def test_client_goes_away() -> None:
    """A body that breaks off ends the request, and its connection."""

    async def script(asked: Asked) -> None:
        await asked.read_all()

    content = Body([b"half"], length=8, error=ClientDisconnectedError("gone"))
    async with answering(script) as server, asyncio.timeout(10):
        with pytest.raises(ClientDisconnectedError):
            await server.ask(outgoing(method="POST", content=content))
        await server.closed.wait()
        server.errors.clear()  # the request that is no whole one


@pytest.mark.parametrize("moment", ["head", "body"])
async def test_cancelled(moment: str) -> None:
    """Whoever waits no more closes the connection."""

    async def script(asked: Asked) -> None:
        await asked.read_all()
        if moment == "body":
            await asked.say(stdout(HEAD))
        assert await asked.reader.read() == b""

    async def ask() -> None:
        await read(await server.ask(outgoing()))

    async with answering(script) as server, asyncio.timeout(10):
        if moment == "head":
            task = asyncio.create_task(ask())
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            (await server.ask(outgoing())).close()
        await server.closed.wait()


async def test_chunked_request() -> None:
    """Of a short body without a length it is found out; a long one has none, which is 411."""
    got: list[Asked] = []

    async def script(asked: Asked) -> None:
        await asked.read_all()
        got.append(asked)
        await asked.say(stdout(HEAD), end())

    async with answering(script) as server:
        await read(await server.ask(outgoing(method="PUT", content=Body([b"a" * 4000, b"b" * 96]))))
        assert (got[0].variables["CONTENT_LENGTH"], len(got[0].body)) == ("4096", 4096)
    async with answering(script) as server:
        with pytest.raises(HandlerError) as error:
            await server.ask(outgoing(method="PUT", content=Body([b"a" * 4000, b"b" * 97])))
        assert error.value.status == 411
        await server.closed.wait()
        server.errors.clear()


async def test_slow_client_holds_the_upstream() -> None:
    """A response that nobody takes is not read: memory stays flat, whatever the upstream sends."""
    sent = 0

    async def script(asked: Asked) -> None:
        nonlocal sent
        await asked.read_all()
        await asked.say(stdout(HEAD))
        for _ in range(2000):
            await asked.say(stdout(b"x" * 60_000))
            sent += 60_000
        await asked.say(end())

    async with answering(script) as server, asyncio.timeout(30):
        reply = await server.ask(outgoing())
        await asyncio.sleep(0.3)
        before = sent
        assert before < 20_000_000
        assert len(await read(reply)) == 120_000_000


@pytest.mark.parametrize("config", [{"read_timeout": "50ms"}, {"write_timeout": "50ms"}])
async def test_timeouts(config: dict[str, str]) -> None:
    """An upstream that does not answer, or does not take the request, fails in time."""
    reading = "read_timeout" in config

    async def script(asked: Asked) -> None:
        if reading:
            await asked.read_all()
        await asyncio.sleep(0.5)

    async with answering(script) as server, asyncio.timeout(10):
        content = None if reading else Body([b"x" * 65_536] * 1000, length=65_536_000)
        with pytest.raises(UpstreamTimeoutError):
            await server.ask(outgoing(content=content), **config)


async def test_timeout_within_a_response() -> None:
    """The time is that of the whole response, as in Caddy: one that is too slow breaks off."""

    async def script(asked: Asked) -> None:
        await asked.read_all()
        await asked.say(stdout(HEAD))
        while True:
            await asked.say(stdout(b"x"))
            await asyncio.sleep(0.02)

    async with answering(script) as server, asyncio.timeout(10):
        reply = await server.ask(outgoing(), read_timeout="200ms")
        with pytest.raises(BrokenReplyError, match="too long"):
            await read(reply)


async def test_nobody_listens() -> None:
    """Without a connection the upstream has seen nothing."""
    running = await transport()
    to = DialInfo("tcp", f"127.0.0.1:{free_port()}")

    async def inform(*_: object) -> None:
        pass

    with pytest.raises(DialError):
        await running.round_trip(to, outgoing(), inform)


@pytest.mark.parametrize(("status", "level"), [(200, "WARNING"), (404, "ERROR")])
async def test_stderr(status: int, level: str, caplog: pytest.LogCaptureFixture) -> None:
    """What the program says on stderr is logged when that is wanted, as a warning or an error."""
    head = b"Status: %d\r\n\r\n" % status
    script = saying(stderr(b"PHP Warning: "), stdout(head), stderr(b"\xff"), stdout(b"x"), end())
    async with answering(script) as server:
        for wanted in (False, True):
            assert await read(await server.ask(outgoing(), capture_stderr=wanted)) == b"x"
    (logged,) = [record for record in caplog.records if record.message == "stderr"]
    assert logged.levelname == level
    assert logged.fields["body"] == "PHP Warning: \ufffd"  # type: ignore[attr-defined]


async def test_stderr_before_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """What was said before the upstream failed is why, mostly."""
    caplog.set_level(logging.WARNING)
    async with answering(saying(stderr(b"out of memory"))) as server:
        with pytest.raises(UpstreamError):
            await server.ask(outgoing(), capture_stderr=True)
    (logged,) = [record for record in caplog.records if record.message == "stderr"]
    assert logged.fields["body"] == "out of memory"  # type: ignore[attr-defined]
