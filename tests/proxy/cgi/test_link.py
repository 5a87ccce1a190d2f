"""A request to a FastCGI server and its response, whatever the server makes of it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from snake.http.errors import HandlerError
from snake.proxy.contract import (
    BrokenReplyError,
    DialError,
    DialInfo,
    UpstreamError,
    UpstreamTimeoutError,
)
from snake.transport.asgi import ClientDisconnectedError
from tests.proxy.cgi.conversation import (
    HEAD,
    Asked,
    Body,
    answering,
    end,
    outgoing,
    read,
    saying,
    stderr,
    stdout,
    transport,
)
from tests.server import free_port


async def test_response_in_one_piece() -> None:
    """What is there with the head costs no wait."""
    async with answering(saying(stdout(HEAD + b"hi"), stdout(b" there"), end())) as server:
        reply = await server.ask(outgoing())
        assert reply.status == 200
        assert reply.fields == [(b"content-type", b"text/plain"), (b"content-length", b"8")]
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
    port = str(free_port())
    to = DialInfo("tcp", f"127.0.0.1:{port}", "127.0.0.1", port)

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
