"""Processes of a pool come and go, and no request notices."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from snake.pool.door import Door
from snake.pool.serving import Serving
from snake.python.pool_process import PoolProcess
from snake.python.pooled import PooledHandler
from tests.python.serving import listening

Scope = dict[str, Any]
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
CLIENTS = 20
TIMES = 40


class Seat:
    """A place for a process, whose socket outlives each process that sits in it."""

    def __init__(self, path: Path) -> None:
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.bind(str(path))
        self._sock.listen(1000)
        self._door: Door | None = None
        self._serving: Serving | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self.process = PoolProcess(str(path))

    def sit(self, app: Any, grace: float = 5) -> None:
        """Let a process take the place of the one before it, which drains."""
        before, door = self._serving, self._door
        self._serving = Serving(app)
        self._door = Door(self._sock.dup(), self._serving)
        self._door.open()
        if before is not None and door is not None:
            door.close()
            self._leaving.add(asyncio.create_task(before.drain(grace)))

    def die(self) -> None:
        """End the process as the system ends one that is killed."""
        assert self._serving is not None
        assert self._door is not None
        self._door.close()
        for connection in list(self._serving.connections):
            connection.abort()
        self._serving = self._door = None

    async def close(self) -> None:
        """End it all."""
        self.process.close()
        if self._serving is not None and self._door is not None:
            self._door.close()
            await self._serving.drain(1)
        await asyncio.gather(*self._leaving)
        self._sock.close()


@pytest.fixture
async def seats(tmp_path: Path) -> AsyncIterator[list[Seat]]:
    """Two places for processes."""
    places = [Seat(tmp_path / f"{number}.sock") for number in range(2)]
    yield places
    for place in places:
        await place.close()


async def app(_scope: Scope, receive: Any, send: Any) -> None:
    """Read the body, and take a moment to answer in two parts."""
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0.001)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"o", "more_body": True})
    await send({"type": "http.response.body", "body": b"k"})


async def ask(port: int, request: bytes, done: asyncio.Event) -> int:
    """Ask again and again on one connection; return how often there was an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = 0
    while not done.is_set():
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 200 "), head
        assert await reader.readexactly(2) == b"ok"
        answers += 1
    writer.close()
    return answers


@pytest.mark.parametrize("request_", [GET, POST], ids=["get", "post"])
async def test_drain_loses_no_request(seats: list[Seat], request_: bytes) -> None:
    """While processes are replaced again and again every request of every client is answered."""
    for seat in seats:
        seat.sit(app)
    done = asyncio.Event()
    handler = PooledHandler("test:app", [seat.process for seat in seats])
    async with listening(handler) as port:
        asking = [asyncio.create_task(ask(port, request_, done)) for _ in range(CLIENTS)]
        for number in range(TIMES):
            await asyncio.sleep(0.02)
            seats[number % 2].sit(app)
        done.set()
        answers = await asyncio.gather(*asking)

    assert min(answers) > 0


async def test_dead_process_is_passed_by(seats: list[Seat]) -> None:
    """As long as a process is dead the other one gets the requests; then both do again."""
    served = [0, 0]

    def counting(number: int) -> Any:
        async def count(scope: Scope, receive: Any, send: Any) -> None:
            served[number] += 1
            await app(scope, receive, send)

        return count

    for number, seat in enumerate(seats):
        seat.sit(counting(number))
    async with listening(PooledHandler("test:app", [seat.process for seat in seats])) as port:
        await _ask_some(port, 20)
        assert min(served) > 0
        seats[0].die()
        await asyncio.sleep(0.05)
        before = served.copy()
        await _ask_some(port, 20)
        assert served == [before[0], before[1] + 20]
        seats[0].sit(counting(0))
        await asyncio.sleep(0.05)
        await _ask_some(port, 20)
        assert served[0] > before[0]


async def test_request_to_the_dead_waits_for_the_next(seats: list[Seat]) -> None:
    """When all processes are dead a request waits for the one that comes."""
    seat = seats[0]
    seat.sit(app)
    async with listening(PooledHandler("test:app", [seat.process])) as port:
        await _ask_some(port, 1)
        seat.die()
        await asyncio.sleep(0.05)
        asking = asyncio.create_task(_ask_some(port, 3))
        await asyncio.sleep(0.1)
        assert not asking.done()
        seat.sit(app)
        await asyncio.wait_for(asking, 5)


async def test_least_busy_process_is_chosen(seats: list[Seat]) -> None:
    """A process that does not answer gets no more requests while another does."""
    hanging = 0

    async def hangs(_scope: Scope, receive: Any, _send: Any) -> None:
        nonlocal hanging
        hanging += 1
        while (await receive())["type"] != "http.disconnect":
            pass

    seats[0].sit(hangs)
    seats[1].sit(app)
    async with listening(PooledHandler("test:app", [seat.process for seat in seats])) as port:
        stuck = asyncio.create_task(_ask_some(port, 1))
        other = asyncio.create_task(_ask_some(port, 1))
        await asyncio.wait([stuck, other], return_when=asyncio.FIRST_COMPLETED)
        await _ask_some(port, 20)
        stuck.cancel()
        other.cancel()
        await asyncio.wait([stuck, other])

    assert hanging == 1


async def test_websocket_is_told_of_the_restart(seats: list[Seat]) -> None:
    """A WebSocket does not keep a process that is replaced: client and app are told 1012."""
    told: list[dict[str, Any]] = []

    async def talk(_scope: Scope, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        told.append(await receive())

    seats[0].sit(talk)
    async with (
        listening(PooledHandler("test:app", [seats[0].process])) as port,
        connect(f"ws://127.0.0.1:{port}/") as client,
    ):
        seats[0].sit(talk, grace=1.2)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(client.recv(), 5)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert told == [{"type": "websocket.disconnect", "code": 1012, "reason": ""}]


async def _ask_some(port: int, count: int) -> None:
    """Ask so many times on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for _ in range(count):
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(2) == b"ok"
    finally:
        writer.transport.abort()
