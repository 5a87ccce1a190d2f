"""A pool's process that says what it may not is cut off; its client gets a 502, and nobody else."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from itertools import repeat
from struct import pack

import httpx
import pytest

from snake.pool.frames import (
    ACCEPT,
    BODY,
    CLOSE,
    END,
    FAILED,
    GOAWAY,
    HEAD,
    INTERIM,
    LONGEST,
    NEED,
    START,
    TEXT,
    TRAILERS,
    UNFINISHED,
    WELCOME,
    frame,
    start,
)
from tests.pool.fake import FakeProcess, Reader, Talk, Writer, read_frame
from tests.python.serving import exchange, listening, serving

LENGTH = [(b"content-length", b"4")]
BEGUN = start(START, 200, [(b"content-length", b"100")]) + frame(BODY, b"part")
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
WHOLE = start(START, 200, LENGTH) + frame(END, b"good")


def head(status: int, fields: bytes) -> bytes:
    """Return a start with fields as they are."""
    return frame(START, pack(">HBI", status, 0, 0) + fields)


BAD = {
    "rubbish": b"GET / HTTP/1.1\r\n\r\n",
    "zeros": bytes(100),
    "unknown kind": b"?" + bytes(4),
    "unknown kind in front": frame(0) + WHOLE,
    "request": frame(HEAD, b"[]"),
    "body before the start": frame(BODY, b"x") + WHOLE,
    "end before the start": frame(END, b"x"),
    "trailers before the start": frame(TRAILERS),
    "message of a WebSocket": frame(TEXT, b"x"),
    "acceptance": frame(ACCEPT, b"\0"),
    "closing": frame(CLOSE, b"\3\xe8"),
    "two starts": start(START, 200, []) + start(START, 200, []) + frame(END),
    "trailers that were not announced": start(START, 200, []) + frame(TRAILERS),
    "start cut off": frame(START, b"\0"),
    "field without a value": head(200, b"name"),
    "status 0": head(0, b"") + frame(END),
    "status 99": head(99, b"") + frame(END),
    "status 101": head(101, b"") + frame(END),
    "status 65535": head(65_535, b"") + frame(END),
    "line break in a value": head(200, b"a\0b\r\nset-cookie: c") + frame(END),
    "line break in a name": head(200, b"a\r\nb\0c") + frame(END),
    "empty name": head(200, b"\0v") + frame(END),
    "space in a name": head(200, b"a b\0c") + frame(END),
    "two lengths": head(200, b"content-length\x004\0content-length\x004") + frame(END, b"good"),
    "length of no digits": head(200, b"content-length\x00-4") + frame(END, b"good"),
    "length too small": start(START, 200, LENGTH) + frame(END, b"too much"),
    "length too large": start(START, 200, LENGTH) + frame(END, b"few"),
    "both framings": head(200, b"content-length\x004\0transfer-encoding\0chunked") + frame(END),
    "failure that is none": frame(FAILED, b"{"),
    "failure of another type": frame(FAILED, b"[1, 2, 3]"),
    "head of 4 GB": b"S\xff\xff\xff\xff" + bytes(1000),
    "failure of 2 MB": b"F" + pack(">I", 2 * LONGEST) + bytes(1000),
    "head too long": head(200, b"\0".join(repeat(b"x" * 1000, 2000))),
    "bad interim": start(INTERIM, 103, [(b"link", b"a\nb")]) + WHOLE,
    "storm of interim responses": start(INTERIM, 103, [(b"link", b"a")]) * 1000 + WHOLE,
    "two welcomes": frame(WELCOME) + WHOLE,
    "storm of goodbyes": frame(GOAWAY) * 1000 + WHOLE,
    "storm of questions": frame(NEED) * 1000 + WHOLE,
}


@pytest.mark.parametrize("talk", BAD.values(), ids=BAD)
async def test_nonsense_is_a_502(talk: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What no process may say is a 502 with nothing of it, and one record."""
    async with FakeProcess(talk) as fake, listening(fake.handler) as port:
        answers = [await exchange(port, GET) for _ in range(2)]

    for answer in answers:
        final = answer[answer.rindex(b"HTTP/1.1 ") :]
        assert final.startswith(b"HTTP/1.1 502 ")
        assert final.endswith(b"\r\n\r\n")
        assert b"set-cookie" not in answer.lower()
    records = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [vars(record)["fields"]["app"] for record in records] == ["test:app"] * 2


CUT = {
    "rubbish": b"HTTP/1.1 200 OK\r\n\r\n",
    "start": start(START, 200, []),
    "end too soon": frame(END, b"x"),
    "too much": frame(END, bytes(200)),
    "request": frame(HEAD),
    "failure": frame(FAILED, b'["LookupError: later", "", ""]'),
    "no end": frame(UNFINISHED),
}


@pytest.mark.parametrize("talk", CUT.values(), ids=CUT)
async def test_nonsense_in_the_middle_cuts_the_client_off(
    talk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A response that has begun ends with its connection, which never looks complete."""

    async def say(reader: Reader, writer: Writer) -> None:
        writer.write(BEGUN)
        await asyncio.sleep(0.05)
        writer.write(talk)
        await reader.read()

    async with FakeProcess(say) as fake, listening(fake.handler) as port:
        answer = await exchange(port, GET)

    before, _, body = answer.partition(b"\r\n\r\n")
    assert before.startswith(b"HTTP/1.1 200 ")
    assert body in (b"", b"part")
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


@pytest.mark.parametrize("said", [b"", b"S", start(START, 200, LENGTH), BEGUN])
async def test_process_that_breaks_off_is_a_502_or_the_end(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that closes in the middle is a 502 as long as nothing was sent."""

    async def say(_reader: Reader, writer: Writer) -> None:
        writer.write(said)
        await writer.drain()

    async with FakeProcess(say) as fake, listening(fake.handler) as port:
        answer = await exchange(port, GET)

    assert answer == b"" or answer.startswith(
        b"HTTP/1.1 200 " if said == BEGUN else b"HTTP/1.1 502 "
    )
    assert not answer.endswith(b"0\r\n\r\n")
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


@pytest.mark.parametrize("unasked", [WHOLE, frame(WELCOME) + WHOLE, frame(GOAWAY) + WHOLE])
async def test_answer_that_was_not_asked_for_ends_the_connection(
    unasked: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A second answer to a request is nobody's: its connection takes no other request."""
    async with (
        FakeProcess(WHOLE + unasked) as fake,
        serving(fake.handler) as url,
        httpx.AsyncClient() as client,
    ):
        answers = [(await client.get(url)).text for _ in range(3)]

    assert answers == ["good"] * 3
    assert fake.connections == 3
    assert any("was asked" in record.message for record in caplog.records)


async def test_answer_without_a_request_ends_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What comes while nothing is asked is refused when it comes, and the log says so."""

    async def say(reader: Reader, writer: Writer) -> None:
        writer.write(WHOLE)
        await asyncio.sleep(0.05)
        writer.write(WHOLE)
        await reader.read()

    async with (
        FakeProcess(say) as fake,
        serving(fake.handler) as url,
        httpx.AsyncClient() as client,
    ):
        assert (await client.get(url)).text == "good"
        await asyncio.sleep(0.1)
        assert (await client.get(url)).text == "good"

    assert fake.connections == 2
    assert any("was not asked" in record.message for record in caplog.records)


def pouring(first: bytes, more: Iterator[bytes]) -> Talk:
    """Return who begins, and then says something for ever."""

    async def say(_reader: Reader, writer: Writer) -> None:
        writer.write(first)
        for data in more:
            writer.write(data)
            await writer.drain()

    return say


POURED = {
    "head": (b"S" + pack(">I", 0xFFFFFFFF), repeat(bytes(65_536))),
    "interim": (b"", repeat(start(INTERIM, 103, [(b"link", b"x" * 60_000)]))),
    "failure": (b"F" + pack(">I", 0xFFFFFFFF), repeat(bytes(65_536))),
    "rubbish": (b"", repeat(b"\xff" * 65_536)),
    "questions": (b"", repeat(frame(NEED) * 10_000)),
    "welcomes": (b"", repeat(frame(WELCOME) * 10_000)),
}


@pytest.mark.parametrize(("first", "more"), POURED.values(), ids=POURED)
async def test_endless_output_costs_no_memory(first: bytes, more: Iterator[bytes]) -> None:
    """A process that pours costs the worker little; meanwhile another app answers."""
    good = FakeProcess(WHOLE)
    bad = FakeProcess(pouring(first, more))
    async with good, bad, serving(good.handler) as url, listening(bad.handler) as port:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        pouring_on = asyncio.create_task(exchange(port, GET))
        async with httpx.AsyncClient() as client:
            for _ in range(10):
                assert (await client.get(url)).text == "good"
                await asyncio.sleep(0.02)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        bad.process.close()
        await pouring_on

    assert after - before < 32_768


async def test_body_without_end_waits_for_the_client() -> None:
    """A body of any length is passed on no faster than the client takes it."""
    sent = 0

    async def say(_reader: Reader, writer: Writer) -> None:
        nonlocal sent
        writer.write(start(START, 200, []) + b"B" + pack(">I", 0xFFFFFFFF))
        while True:
            writer.write(bytes(65_536))
            await writer.drain()
            sent += 65_536

    async with FakeProcess(say) as fake, listening(fake.handler) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        at = -1
        while at != sent:
            at = sent
            await asyncio.sleep(0.2)
        writer.transport.abort()

    assert sent < 32 << 20


async def test_frame_in_small_pieces_costs_no_more_than_its_bytes() -> None:
    """A long frame that comes byte by byte is not copied for each of them."""
    whole = head(200, b"x\0" + b"y" * 500_000) + frame(END, b"good")

    async def say(reader: Reader, writer: Writer) -> None:
        for at in range(0, len(whole), 50):
            writer.write(whole[at : at + 50])
            if at % 5000 == 0:
                await asyncio.sleep(0)
        await read_frame(reader)

    async with FakeProcess(say) as fake, listening(fake.handler) as port:
        answer = await asyncio.wait_for(exchange(port, GET), 20)

    assert answer.endswith(b"\r\n\r\ngood")
