"""The clients of the benchmarks count what fails."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import clients
from clients import Client, Seen, Style

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Process: 7\r\n\r\nhi"


@asynccontextmanager
async def server(*responses: bytes) -> AsyncIterator[int]:
    """Give one connection after another the next response, and then GOOD ones; yield the port."""
    waiting = list(responses)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                if waiting:
                    writer.write(waiting.pop(0))
                    break
                writer.write(GOOD)
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


async def seen(port: int, style: Style, count: int) -> Seen:
    """Ask so many times."""
    found = Seen()
    client = partial(Client, port, "/")
    await clients.load(client, [style], asyncio.Event(), found, count)
    return found


@pytest.mark.parametrize(
    "response",
    [
        b"",
        GOOD[:-1],
        GOOD[:20],
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        GOOD + b"!",
    ],
    ids=["closed", "short", "half a head", "502", "long"],
)
async def test_what_is_no_complete_200_has_failed(response: bytes) -> None:
    """Each response that is broken is one failure, and the next request has its answer."""
    async with server(response) as port:
        found = await seen(port, Style.BUSY, 3)

    assert (found.failed, len(found.times)) == (1, 2)


async def test_new_connection_that_is_refused_has_failed() -> None:
    """Nothing listens, so every request fails."""
    async with server() as port:
        pass
    found = await seen(port, Style.NEW, 2)

    assert (found.failed, found.times) == (2, [])


async def test_answers_are_counted_by_process() -> None:
    """Every style gets all its answers, and knows who gave them."""
    async with server() as port:
        for style in (Style.BUSY, Style.NEW):
            found = await seen(port, style, 4)

            assert found.processes == {"7": 4}
