"""A FastCGI server that says what a test has it say, and requests for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from snake.core.modules import Context, Registry
from snake.http.request import Request
from snake.proxy.cgi.records import END_REQUEST, STDERR, STDOUT
from snake.proxy.contract import Content, DialInfo, Field, Outgoing, Reply
from snake.proxy.fastcgi import FastCGI, FastCGITransport
from snake.standard import MODULES
from snake.transport.asgi import Message, decode_path

Script = Callable[["Asked"], Awaitable[None]]

HEAD = b"Content-Type: text/plain\r\n\r\n"
"""The head of a response."""


def record(kind: int, content: bytes, *, request: int = 1, version: int = 1) -> bytes:
    """Return one record, its padding of five bytes."""
    head = bytes([version, kind]) + request.to_bytes(2) + len(content).to_bytes(2) + b"\x05\0"
    return head + content + b"\0" * 5


def stdout(data: bytes) -> bytes:
    """Return a record of the response."""
    return record(STDOUT, data)


def stderr(data: bytes) -> bytes:
    """Return a record of what the program complains of."""
    return record(STDERR, data)


def end(how: int = 0) -> bytes:
    """Return the record that ends the response."""
    return record(END_REQUEST, b"\0\0\0\0" + bytes([how]) + b"\0\0\0")


@dataclass
class Asked:
    """One connection, as the server sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    variables: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def read(self) -> tuple[int, bytes]:
        """Return type and content of the next record."""
        head = await self.reader.readexactly(8)
        assert head[:4] == b"\x01" + head[1:2] + b"\0\x01"
        content = await self.reader.readexactly(int.from_bytes(head[4:6]))
        await self.reader.readexactly(head[6])
        return head[1], content

    async def read_head(self) -> None:
        """Read the environment."""
        assert await self.read() == (1, b"\0\x01\0\0\0\0\0\0")
        pairs = b""
        while content := (await self.read())[1]:
            pairs += content
        at = 0
        while at < len(pairs):
            name, at = _size(pairs, at)
            value, at = _size(pairs, at)
            self.variables[pairs[at : at + name].decode()] = pairs[
                at + name : at + name + value
            ].decode("utf-8", "surrogateescape")
            at += name + value

    async def read_all(self) -> None:
        """Read the whole request."""
        await self.read_head()
        while content := (await self.read())[1]:
            self.body += content

    async def say(self, *records: bytes) -> None:
        """Send records."""
        self.writer.write(b"".join(records))
        await self.writer.drain()


def _size(data: bytes, at: int) -> tuple[int, int]:
    if data[at] < 128:
        return data[at], at + 1
    return int.from_bytes(data[at : at + 4]) & 0x7FFFFFFF, at + 4


@dataclass
class Body:
    """A request's body in pieces, of which a test decides when they come."""

    pieces: Sequence[bytes]
    length: int | None = None
    touched: bool = False
    gate: asyncio.Event | None = None
    error: Exception | None = None
    given: int = 0
    trailers: Sequence[tuple[bytes, bytes]] = ()

    async def read(self) -> bytes:
        """Return the next piece."""
        self.touched = True
        if self.given < len(self.pieces):
            self.given += 1
            return self.pieces[self.given - 1]
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return b""


def outgoing(
    target: str = "/index.php",
    method: str = "GET",
    fields: Sequence[Field] = ((b"host", b"example.test"),),
    content: Content | None = None,
    **scope: Any,
) -> Outgoing:
    """Return a request as an upstream is to get it."""
    path, _, query = target.encode().partition(b"?")
    whole = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": decode_path(path),
        "raw_path": path,
        "query_string": query,
        "headers": list(fields),
        "client": ("192.0.2.1", 4711),
        "server": ("192.0.2.2", 80),
    }
    return Outgoing(Request(whole | scope, _nothing), method, target.encode(), [*fields], content)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _inform(status: int, fields: Sequence[Field]) -> None:
    raise AssertionError(f"told of {status} {fields}")


async def transport(**config: Any) -> FastCGI:
    """Provision a transport."""
    module = msgspec.convert(config, FastCGITransport)
    return await module.provision(Context(Registry(MODULES), AsyncExitStack()))


@dataclass
class Server:
    """A FastCGI server, and the transport to it."""

    to: DialInfo
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    errors: list[BaseException] = field(default_factory=list)

    async def ask(self, request: Outgoing, **config: Any) -> Reply:
        """Send a request."""
        running = await transport(**config)
        return await running.round_trip(self.to, request, _inform)


@asynccontextmanager
async def answering(script: Script) -> AsyncIterator[Server]:
    """Serve every connection with a script; its own failures are the test's."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            await script(Asked(reader, writer))
        except ConnectionError:
            pass
        except BaseException as error:  # noqa: BLE001
            server.errors.append(error)
        finally:
            writer.close()
            server.closed.set()

    listener = await asyncio.start_server(serve, "127.0.0.1")
    port = listener.sockets[0].getsockname()[1]
    server = Server(DialInfo("tcp", f"127.0.0.1:{port}", "127.0.0.1", str(port)))
    async with listener:
        yield server
    assert not server.errors, server.errors


async def read(reply: Reply) -> bytes:
    """Return the whole body, and close the reply."""
    if (whole := reply.ready()) is not None:
        reply.close()
        return whole
    pieces = []
    while piece := await reply.read():
        pieces.append(piece)
    reply.close()
    return b"".join(pieces)


def saying(*records: bytes) -> Script:
    """Return a server that reads the request and sends this."""

    async def script(asked: Asked) -> None:
        await asked.read_all()
        await asked.say(*records)

    return script
