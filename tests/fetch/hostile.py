"""A server that answers whatever a test wants, byte by byte, for those who ask by HTTP."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
WithBody = Callable[[str, asyncio.StreamWriter, bytes], Awaitable[None]]


class Hostile:
    """A server on a port of this machine, or a Unix socket; `heads` are those of its requests."""

    def __init__(self, answer: Answer | bytes) -> None:
        self._answer = answer
        self.heads: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        """The targets of its requests."""
        return [head.split(" ")[1] for head in self.heads]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.heads.append(head)
                if isinstance(self._answer, bytes):
                    writer.write(self._answer)
                else:
                    await self._answer(head, writer)
                await writer.drain()
        finally:
            self.at_once -= 1
            writer.close()


class API(Hostile):
    """One that reads bodies, and gives them to the answer, too."""

    def __init__(self, answer: WithBody) -> None:
        super().__init__(b"")
        self._with = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"(?i)\r\ncontent-length: ([0-9]+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            self.heads.append(head)
            await self._with(head.strip(), writer, body)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def api(answer: WithBody, tls: ssl.SSLContext | None = None) -> AsyncIterator[API]:
    """Run one that answers so."""
    server = API(answer)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


@asynccontextmanager
async def hostile(
    answer: Answer | bytes, *, path: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Hostile]:
    """Run one that answers so; at a Unix socket if a path is given."""
    server = Hostile(answer)
    if path:
        listener = await asyncio.start_unix_server(server.serve, path)
    else:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
        server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


def status(code: int, body: bytes = b"", fields: str = "") -> bytes:
    """Return a whole answer."""
    head = f"HTTP/1.1 {code} X\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
    return head.encode() + body


async def silence(head: str, writer: asyncio.StreamWriter) -> None:
    """Say nothing, and keep the connection."""
    del head, writer
    await asyncio.sleep(3600)


async def drip(head: str, writer: asyncio.StreamWriter) -> None:
    """Send a head without an end, one byte at a time."""
    del head
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while not writer.is_closing():
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.01)


async def flood(head: str, writer: asyncio.StreamWriter) -> None:
    """Send a body that has no end."""
    del head
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(bytes(1 << 16))
        await writer.drain()
