"""Apps behind a real hop: the worker's handler, the frames, and the process's side, in one loop.

::

    hop = Hop(asgi_app)
    async with serving(hop.handler) as url:
        ...
    await hop.close()
"""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from typing import Any

from snake.pool.door import Door
from snake.pool.serving import Serving
from snake.python.pool_process import PoolProcess
from snake.python.pooled import PooledHandler


class Hop:
    """Runs an ASGI app as a process of a pool does. `handler` is that of a worker for it."""

    def __init__(self, app: Any, state: dict[str, Any] | None = None) -> None:
        self.serving = Serving(app)
        self.serving.state = state
        self._folder = tempfile.TemporaryDirectory()
        path = str(Path(self._folder.name) / "0.sock")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(path)
        sock.listen()
        self._door = Door(sock, self.serving)
        self._door.open()
        self.process = PoolProcess(path)
        self.handler = PooledHandler("test:app", [self.process])

    async def close(self) -> None:
        """End both sides; an app that goes on is cut off."""
        self.process.close()
        self._door.close()
        await self.serving.drain(0)
        self._folder.cleanup()
