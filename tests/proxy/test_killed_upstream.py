"""One of two upstreams is killed under load: snake loses no request, where Caddy loses many."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.differential.pair import pair
from tests.server import free_port

UPSTREAM = """
import asyncio, sys

async def serve(reader, writer):
    while await reader.readuntil(b"\\r\\n\\r\\n"):
        await asyncio.sleep(0.005)
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    print("serving", flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
CLIENTS = 16
BEFORE, AFTER = 1000, 2000
"""Responses until one upstream is killed, and from then on."""


@contextmanager
def upstream(port: int) -> Iterator[subprocess.Popen[str]]:
    """Run an upstream that takes 5 ms for a response."""
    process = subprocess.Popen(
        [sys.executable, "-c", UPSTREAM, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "serving\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def ask(port: int, statuses: list[int], *, keep: bool) -> None:
    """Send one request after the other until there are enough responses."""
    writer: asyncio.StreamWriter | None = None
    while len(statuses) < BEFORE + AFTER:
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        if status == 200:
            await reader.readexactly(2)
        statuses.append(status)
        if not keep:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def load(port: int, victim: subprocess.Popen[str], *, keep: bool) -> Counter[int]:
    """Ask with many clients, kill the victim meanwhile; return how often each status came."""
    statuses: list[int] = []
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(ask(port, statuses, keep=keep))
        while len(statuses) < BEFORE:  # noqa: ASYNC110  (it is other tasks' doing)
            await asyncio.sleep(0.001)
        victim.kill()
    return Counter(statuses)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("keep", [True, False], ids=["kept", "new"])
def test_no_request_is_lost(tmp_path: Path, *, keep: bool) -> None:
    """Not one of those that were under way either, whether clients keep their connections or not.

    Caddy answers about half of those that come after it with 502.
    """
    lost = {}
    for name in ("caddy", "snake"):
        ports = free_port(), free_port()
        upstreams = " ".join(f"127.0.0.1:{each}" for each in ports)
        site = f"http://:PORT {{\n\treverse_proxy {upstreams}\n}}\n"
        folder = tmp_path / name
        folder.mkdir()
        with upstream(ports[0]) as victim, upstream(ports[1]), pair(site, folder) as both:
            statuses = asyncio.run(load(getattr(both, name), victim, keep=keep))
        lost[name] = sum(statuses.values()) - statuses[200]

    assert lost["snake"] == 0
    assert lost["caddy"] > AFTER / 4
