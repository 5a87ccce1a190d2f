r"""A client that sends just these bytes, and a server in the test's own loop that gets them.

::

    async with serving(app) as server, server.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        response = await client.response()
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snake.tls.encryption import Encryption
from snake.transport.admission import ListenerWrapper
from snake.transport.asgi import ASGIApp, Receive, Scope, Send
from snake.transport.http1 import Connection
from snake.transport.serve import Serving, serve
from snake.transport.settings import Settings

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PATIENCE = 10.0
"""Seconds after which a test that waits for the server has failed."""


@dataclass
class Response:
    """One response, as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    version: str

    def __getitem__(self, name: str) -> str:
        """Return the one field of this name."""
        values = self.all(name)
        assert len(values) == 1, f"{name}: {values}"
        return values[0]

    def all(self, name: str) -> list[str]:
        """Return every field of this name."""
        return [value for field, value in self.headers if field.lower() == name.lower()]


@dataclass
class Client:
    """One connection, without an opinion on what is sent over it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def response(self, method: str = "GET") -> Response:
        """Return the next response; `method` is that of the request."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head[:-4].split("\r\n")
            version, status, _ = line.split(" ", 2)
            headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
            response = Response(int(status), headers, b"", version)
            response.body = await self._body(response, method)
            return response

    async def _body(self, response: Response, method: str) -> bytes:
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return b""
        if response.all("transfer-encoding"):
            return await self._chunks()
        if response.all("content-length"):
            return await self.reader.readexactly(int(response["content-length"]))
        return await self.reader.read()

    async def _chunks(self) -> bytes:
        pieces = []
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            pieces.append(await self.reader.readexactly(size))
            assert await self.reader.readexactly(2) == b"\r\n"
        assert await self.reader.readexactly(2) == b"\r\n"
        return b"".join(pieces)

    async def rest(self) -> bytes:
        """Return all that comes until the server closes, which it must do."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b"(reset)"

    async def closed(self) -> None:
        """Wait until the server closes, having said nothing more."""
        assert await self.rest() in (b"", b"(reset)")

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        self.writer.write_eof()

    def reset(self) -> None:
        """Go away without a word: the server gets an RST."""
        linger = struct.pack("ii", 1, 0)
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


@dataclass
class Server:
    """A server that runs, and where it listens."""

    serving: Serving
    address: tuple[str, int] | str
    clients: list[Client] = field(default_factory=list)

    @asynccontextmanager
    async def client(
        self, tls: ssl.SSLContext | None = None, name: str | None = None
    ) -> AsyncIterator[Client]:
        """Connect, by TLS to a host of this name; the connection closes at the end of the block."""
        if tls is not None:
            name = "" if name is None and not tls.check_hostname else name or "localhost"
            reader, writer = await asyncio.open_connection(
                *self.address, ssl=tls, server_hostname=name
            )
        elif isinstance(self.address, str):
            reader, writer = await asyncio.open_unix_connection(self.address)
        else:
            reader, writer = await asyncio.open_connection(*self.address)
        try:
            yield Client(reader, writer)
        finally:
            writer.transport.abort()

    @property
    def kept(self) -> int:
        """Bytes that wait on connections for those that follow."""
        opened = self.serving._open  # noqa: SLF001
        return sum(len(each._buffer) for each in opened if isinstance(each, Connection))  # noqa: SLF001

    @property
    def url(self) -> str:
        """The URL without a scheme."""
        return f"//{self.address[0]}:{self.address[1]}"


@asynccontextmanager
async def serving(  # noqa: PLR0913  (what `serve` is told)
    app: ASGIApp,
    settings: Settings | None = None,
    *,
    state: dict[str, Any] | None = None,
    path: Path | None = None,
    wrappers: Sequence[ListenerWrapper] = (),
    encryption: Encryption | None = None,
) -> AsyncIterator[Server]:
    """Serve an app on a port of this machine, or on a Unix socket at `path`."""
    sock = _listen(path)
    running = await serve(
        sock, app, settings or Settings(), state=state, wrappers=wrappers, encryption=encryption
    )
    try:
        yield Server(running, sock.getsockname())
    finally:
        await running.drain(0.1)
        sock.close()


def _listen(path: Path | None) -> socket.socket:
    sock = socket.socket(socket.AF_INET if path is None else socket.AF_UNIX)
    sock.bind(("127.0.0.1", 0) if path is None else str(path))
    sock.listen(128)
    return sock


async def until(condition: Callable[[], object]) -> None:
    """Wait for what nothing announces: that the kernel, or the other side, has done its part."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def steady(value: Callable[[], int]) -> int:
    """Wait until a number stays the same, and return it."""
    last = value()
    await asyncio.sleep(0.1)
    while (now := value()) != last:
        last = now
        await asyncio.sleep(0.1)
    return last


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a few words, having read nothing."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with method, path and body."""
    body = await whole_body(receive)
    start = f"{scope['method']} {scope['path']} ".encode("utf-8", "surrogateescape")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": start + body})


async def whole_body(receive: Receive) -> bytes:
    """Return the body of a request; raise `ConnectionError` if its client goes away."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        body += message["body"]
        if not message["more_body"]:
            return body
