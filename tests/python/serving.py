"""Apps behind the real transport, on a port of this machine, in the test's own loop.

::

    async with serving(wsgi(app)) as url:
        async with httpx.AsyncClient() as client:
            await client.get(url)
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from snake.app.threads import Threads
from snake.app.wsgi import WSGIRunner
from snake.http.handler import Handler, Next
from snake.http.request import Request
from snake.http.server import make_app
from snake.logs.encoders import STACK
from snake.python.asgi import ASGIHandler
from snake.python.wsgi import WSGIHandler
from snake.transport.serve import Serving, serve
from snake.transport.settings import Settings
from tests.pool.pooled import Hop
from tests.site import needs

WSGI = Callable[..., Any]


class Closing:
    """An iterable that remembers whether it was closed."""

    def __init__(self, chunks: Any) -> None:
        self.chunks = chunks
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks

    def close(self) -> None:
        """Remember it."""
        self.closed.set()


class Way:
    """How apps are run: embedded, or through a hop as those in pools are."""

    def __init__(self) -> None:
        self.pooled = False
        self.hops: list[Hop] = []

    def through_hop(self, app: Any, state: dict[str, Any] | None = None) -> Handler:
        """Return the handler of an ASGI app behind a hop."""
        self.hops.append(Hop(app, state))
        return self.hops[-1].handler

    async def close(self) -> None:
        """End the hops."""
        while self.hops:
            await self.hops.pop().close()


WAY = Way()
"""That of the test that runs; the fixture `way` sets it."""


def wsgi(app: WSGI, *, multiprocess: bool = False, threads: Threads | None = None) -> Handler:
    """Return the handler of a WSGI app, with threads of its own unless they are given."""
    threads = threads or Threads(asyncio.get_running_loop())
    if WAY.pooled:
        return WAY.through_hop(WSGIRunner("test:app", app, threads, multiprocess=multiprocess))
    runner = WSGIRunner("test:app", app, threads, multiprocess=multiprocess)
    return WSGIHandler("test:app", runner)


def asgi(app: Any, state: dict[str, Any] | None = None) -> Handler:
    """Return the handler of an ASGI app."""
    return WAY.through_hop(app, state) if WAY.pooled else ASGIHandler("test:app", app, state)


def under(prefix: str, handler: Handler) -> Handler:
    """Return a handler that takes a prefix off first, as `handle_path` does."""

    async def stripped(request: Request, send: Any, next: Next) -> None:
        request.set_path(request.raw_path.removeprefix(prefix.encode()))
        request.prefix = prefix
        await handler(request, send, next)

    return stripped


@asynccontextmanager
async def running(handler: Handler) -> AsyncIterator[tuple[Serving, int]]:
    """Serve a handler; the value is the server and its port."""

    async def end(_request: Request, _send: Any) -> None:
        raise AssertionError("a python handler calls nothing after it")

    async def routes(request: Request, send: Any) -> None:
        await handler(request, send, end)

    with socket.create_server(("127.0.0.1", 0)) as sock:
        server = await serve(sock, make_app(routes, None, None, needs()), Settings())
        try:
            yield server, sock.getsockname()[1]
        finally:
            await server.drain(1)
            await WAY.close()


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """Serve a handler; the value is the port."""
    async with running(handler) as (_, port):
        yield port


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve a handler; the value is the URL."""
    async with listening(handler) as port:
        yield f"http://127.0.0.1:{port}"


def traceback_of(record: logging.LogRecord) -> str:
    """Return the traceback in a record, whether it was made in this process or in the app's."""
    if record.exc_info:
        return logging.Formatter().formatException(record.exc_info)
    return str(vars(record)["fields"].get(STACK, ""))


async def exchange(port: int, request: bytes) -> bytes:
    """Send bytes, and return all that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await rest(reader)
    writer.close()
    return answer


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server closes, or cuts the connection off."""
    answer = b""
    try:
        async with asyncio.timeout(10):
            while data := await reader.read(65_536):
                answer += data
    except ConnectionResetError:
        pass
    return answer


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that the server hears of it at once, whatever it does."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
