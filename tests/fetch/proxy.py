"""A proxy that joins whoever comes to a server on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.fetch.hostile import status


@asynccontextmanager
async def proxy(
    answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n", to: int = 0
) -> AsyncIterator[tuple[int, list[str]]]:
    """Run one; return its port, and the heads of what it is asked.

    It connects to the port that it is asked for, or to `to`, whatever the host.
    """
    heads: list[str] = []

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if not heads[-1].startswith("CONNECT "):
            writer.write(status(200, b"by the proxy"))
            writer.close()
            return
        writer.write(answer)
        if b"200" not in answer:
            writer.close()
            return
        port = to or int(heads[-1].split(" ")[1].rpartition(":")[2])
        there, out = await asyncio.open_connection("127.0.0.1", port)
        ways = (_pump(reader, out), _pump(there, writer))
        await asyncio.wait([asyncio.ensure_future(way) for way in ways])

    server = await asyncio.start_server(joined, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()
