"""Load: many requests on connections that are kept, each answer counted."""

from __future__ import annotations

import asyncio
from collections import Counter

_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def ask_many(port: int, requests: int, clients: int) -> Counter[str]:
    """Ask for `/` so often; return how often each body came with a 200, and what has `failed`.

    A connection is kept until an answer says that it closes, or a request fails.
    """
    answers: Counter[str] = Counter()
    left = iter(range(requests))

    async def ask() -> None:
        ends = None
        for _ in left:
            try:
                ends = ends or await asyncio.open_connection("127.0.0.1", port)
                closes, body = await _exchange(*ends)
            except (asyncio.IncompleteReadError, OSError):
                closes, body = True, "failed"
            answers[body] += 1
            if closes and ends is not None:
                ends[1].close()
                ends = None
        if ends is not None:
            ends[1].close()

    await asyncio.gather(*(ask() for _ in range(clients)))
    return answers


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[bool, str]:
    """Ask once; return whether the connection closes, and the body."""
    writer.write(_REQUEST)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    body = (await reader.readexactly(length)).decode()
    return b"connection: close" in head, body if b" 200 " in head[:20] else "failed"
