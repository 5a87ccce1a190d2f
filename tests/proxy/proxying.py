r"""A proxy in the test's own loop, in front of upstreams that do just what a test says.

::

    async with upstream(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") as up:
        async with proxy(up) as server, server.client() as client:
            await client.send(GET)
            assert (await client.response()).body == b"hi"
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from snake.adapter.adapt import adapt
from snake.config.http import HTTPApp
from snake.core.modules import Context, Registry, decode
from snake.http.app import provision_http
from snake.standard import MODULES, catalogue
from tests.transport.wire import PATIENCE, Server, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[["Peer"], Awaitable[None]]


@dataclass
class Upstream:
    """A server that runs, and what it was asked."""

    address: str = ""
    """Where to dial it."""
    asked: list[bytes] = field(default_factory=list)
    """The heads of the requests that `answering` read."""
    connections: int = 0
    open: int = 0
    failures: list[BaseException] = field(default_factory=list)


@dataclass
class Peer:
    """One connection of the proxy, as its upstream sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    upstream: Upstream

    async def head(self) -> bytes:
        """Return the next request up to the end of its head."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def exactly(self, count: int) -> bytes:
        """Return so many bytes."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(count)

    async def rest(self) -> bytes:
        """Return what comes until the proxy closes, which it must do."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """Close."""
        self.writer.close()


@asynccontextmanager
async def upstream(
    serve: Serve | bytes, *, tls: ssl.SSLContext | None = None, path: Path | None = None
) -> AsyncIterator[Upstream]:
    """Run an upstream: what serves a connection, or the bytes that answer each request.

    It listens on a port, or on a Unix socket at `path`.
    """
    run = answering(serve) if isinstance(serve, bytes) else serve
    found = Upstream()
    tasks: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        found.connections += 1
        found.open += 1
        peer = Peer(reader, writer, found)
        try:
            await run(peer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except AssertionError as failure:
            found.failures.append(failure)
        finally:
            found.open -= 1
            tasks.discard(task)
            writer.transport.abort()

    if path is None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        found.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server = await asyncio.start_unix_server(connected, path, ssl=tls)
        found.address = f"unix/{path}"
    try:
        yield found
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if found.failures:
        raise found.failures[0]


def answering(answer: bytes) -> Serve:
    """Return what answers every request with the same bytes, and notes what was asked."""

    async def serve(peer: Peer) -> None:
        while True:
            head = await peer.head()
            peer.upstream.asked.append(head)
            await peer.send(answer)

    return serve


@asynccontextmanager
async def proxy(*upstreams: Upstream | str, **config: Any) -> AsyncIterator[Server]:
    """Serve `reverse_proxy` to these upstreams, with the fields of its JSON as keywords."""
    dials = [each if isinstance(each, str) else each.address for each in upstreams]
    handler = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": dial} for dial in dials],
        **config,
    }
    async with site(handler) as server:
        yield server


@asynccontextmanager
async def site(*handlers: dict[str, Any], **settings: Any) -> AsyncIterator[Server]:
    """Serve a route of these handlers; the keywords are fields of the server's JSON."""
    routes = [{"handle": list(handlers)}]
    document = {"servers": {"s": {"listen": [":0"], "routes": routes, **settings}}}
    async with _serving(decode(msgspec.json.encode(document), HTTPApp)) as server:
        yield server


@asynccontextmanager
async def caddyfile(text: str) -> AsyncIterator[Server]:
    """Serve a site with these directives."""
    document, _ = adapt(f"http://:1 {{\n{text}\n}}\n", "Caddyfile", catalogue())
    assert document.apps is not None
    assert document.apps.http is not None
    async with _serving(document.apps.http) as server:
        yield server


@asynccontextmanager
async def _serving(config: HTTPApp) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack)
        (running,) = await provision_http(ctx, config, None)
        async with serving(running.app, running.settings) as server:
            yield server
