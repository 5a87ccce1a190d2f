"""Apps behind a real hop: the worker's handler, the frames, and the process's side, in one loop.

::

    async with pooled(asgi_app) as handler, serving(handler) as url:
        ...
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from snake.app.threads import Threads
from snake.app.wsgi import WSGIRunner
from snake.pool.connection import Connection, Serving
from snake.python.hop import PoolProcess
from snake.python.pooled import PooledHandler
from snake.transport.start import starter


@asynccontextmanager
async def pooled(app: Any, state: dict[str, Any] | None = None) -> AsyncIterator[PooledHandler]:
    """Run an ASGI app as a process of a pool does; the value is a worker's handler for it."""
    serving = Serving(app, starter(asyncio.get_running_loop()))
    serving.state = state
    async with hop(serving) as path:
        process = PoolProcess(path)
        yield PooledHandler("test:app", [process])
        process.close()


@asynccontextmanager
async def pooled_wsgi(app: Any) -> AsyncIterator[PooledHandler]:
    """The same for a WSGI app."""
    async with Threads(asyncio.get_running_loop()) as threads:
        runner = WSGIRunner("test:app", app, threads, multiprocess=False)
        async with pooled(runner) as handler:
            yield handler


@asynccontextmanager
async def hop(serving: Serving) -> AsyncIterator[str]:
    """Listen as a process of a pool does; the value is the path of its socket."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "0.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.bind(path)
            sock.listen()
            server = await asyncio.get_running_loop().create_unix_server(
                lambda: Connection(serving), sock=sock
            )
            yield path
            server.close()
