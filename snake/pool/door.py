"""Door: where a process of a pool takes the connections of workers."""

from __future__ import annotations

import asyncio
import logging
import socket

from snake.pool.connection import Connection
from snake.pool.peer import is_allowed
from snake.pool.serving import Serving

log = logging.getLogger("snake.python")


class Door:
    """Takes connections on a socket that listens, until it is closed. Belongs to one loop."""

    def __init__(self, sock: socket.socket, serving: Serving, owner: int = -1) -> None:
        """Be ready to begin. `owner` is the user whose processes may connect; -1 is anyone."""
        self._sock = sock
        self._serving = serving
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._coming: set[asyncio.Task[None]] = set()
        sock.setblocking(False)  # noqa: FBT003

    def open(self) -> None:
        """Begin."""
        self._loop.add_reader(self._sock, self._accept)

    def close(self) -> None:
        """Take no more. Those that wait are taken by whoever has the socket after."""
        self._loop.remove_reader(self._sock)
        self._sock.close()

    def _accept(self) -> None:
        """Take one connection, if another process of the pool has not been quicker."""
        try:
            connection, _ = self._sock.accept()
        except OSError:
            return
        if not is_allowed(connection, self._owner):
            connection.close()
            return
        task = self._loop.create_task(self._begin(connection))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)

    async def _begin(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: Connection(self._serving), connection)
        except OSError as error:
            connection.close()
            log.warning("a worker's connection failed: %s", error)
