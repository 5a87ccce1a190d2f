"""A place with real processes: one is replaced while it serves."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from snake.engine.place import Place
from snake.engine.process import Work
from snake.engine.spawner import Spawner, spawn
from snake.python.plan import StartLimit

pytestmark = pytest.mark.slow


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Place, str]]:
    """Have a worker in its place; the value is the place and the URL."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        address = f"127.0.0.1:{port}"
        route = {"handle": [{"handler": "static_response", "body": "hi"}]}
        servers = {"srv0": {"listen": [address], "routes": [route]}}
        work = Work(
            document=json.dumps({"apps": {"http": {"servers": servers}}}),
            index=0,
            loops=[[(address, sock.fileno())]],
            start_limit=StartLimit(30.0),
            grace=5.0,
        )
        async with Spawner(await spawn()) as spawner:
            place = Place(work, spawner, lambda _: None)
            await place.start()
            place.keep()
            try:
                yield place, f"http://{address}"
            finally:
                await place.drain()


async def test_another_process_takes_over_while_the_first_serves() -> None:
    """Each of three processes that follow one another answers, and no connection is refused."""
    async with serving() as (place, url):
        pids = [place.pid]
        for _ in range(3):
            await place.renew()
            pids.append(place.pid)
            async with httpx.AsyncClient() as client:
                assert (await client.get(url, timeout=10)).status_code == 200
        assert len(set(pids)) == len(pids)


async def test_the_process_that_was_replaced_ends() -> None:
    """It is gone soon, and the place is kept: the death of the new one is seen."""
    async with serving() as (place, url):
        before = place.pid
        await place.renew()
        after = place.pid
        assert before is not None
        assert after is not None
        await gone(before)
        os.kill(after, 9)
        await until(lambda: place.pid not in (None, after))
        async with httpx.AsyncClient() as client:
            assert (await client.get(url)).status_code == 200


async def gone(pid: int) -> None:
    """Wait for the end of a process."""
    await until(lambda: not Path(f"/proc/{pid}").exists())


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for ten seconds at most."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - it happens in other processes
            await asyncio.sleep(0.01)
