"""PoolProcess: one process of a pool, as this worker reaches it: by its socket."""

from __future__ import annotations

import asyncio
import socket

from snake.python.hop import HopConnection, HopError

IDLE = 2.0
"""Seconds that a connection is kept without a request."""
_TAKING = 30.0
"""Seconds that a process has to take a connection: it may be starting again."""
_AGAIN = 0.2
"""Seconds after which a process is looked for again that could not be reached."""


class PoolProcess:
    """One place for a process, that is filled again when the process dies.

    The socket is always there: what is sent to a process that died waits for the next one. It
    belongs to the loop that it is made in.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[HopConnection] = []
        self._open: set[HopConnection] = set()
        self._loop = asyncio.get_running_loop()
        self._sweeping: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._closed = False
        self.is_up = True
        """Whether it lives, as far as is known."""
        self.busy = 0
        """Requests that it has from this worker."""

    def idle(self) -> HopConnection | None:
        """Return a connection that waits for a request, if one does."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def connect(self) -> HopConnection:
        """Return a new connection, which the process may not have taken yet. Raises `HopError`."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)  # noqa: FBT003
            sock.connect(self._path)
            _, connection = await self._loop.create_connection(
                lambda: HopConnection(self), sock=sock
            )
        except BlockingIOError:
            sock.close()
            raise HopError("too many requests wait for a process of the app") from None
        except OSError as error:
            sock.close()
            raise HopError(f"no process of the app can be reached: {error.strerror}") from None
        except BaseException:
            sock.close()
            raise
        self._open.add(connection)
        return connection

    async def take(self, connection: HopConnection) -> None:
        """Wait until the process has taken a connection. Raises `HopError`."""
        if not await connection.taken(_TAKING) and connection.is_open:
            raise HopError("no process of the app took the request in time")

    def close(self) -> None:
        """Close the connections; what runs on them is over."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._looking is not None:
            self._looking.cancel()
        for connection in list(self._open):
            connection.close()

    # What connections tell (`hop.Owner`) ------------------------------------------

    def welcomed(self) -> None:
        """Hear that the process has taken a connection: it lives."""
        self.is_up = True

    def release(self, connection: HopConnection) -> None:
        """Take a connection back."""
        if connection.is_open:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
            if self._sweeping is None:
                self._sweeping = self._loop.call_later(IDLE, self._sweep)

    def lost(self, connection: HopConnection, *, died: bool) -> None:
        """Forget a connection; when the process died, see when there is another."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if died and not self._closed:
            self.is_up = False
            if self._looking is None:
                self._looking = self._loop.create_task(self._look())
                self._looking.add_done_callback(self._looked)

    async def _look(self) -> None:
        """Wait for the process that takes the place of one that died."""
        while not self.is_up:
            try:
                connection = await self.connect()
            except HopError:
                await asyncio.sleep(_AGAIN)
                continue
            if await connection.taken(_TAKING) and connection.is_open:
                self.release(connection)
            else:
                connection.close()

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._looking = None
        if not task.cancelled():
            task.result()

    def _sweep(self) -> None:
        """Close what was not used for a while: the oldest are in front."""
        self._sweeping = None
        now = self._loop.time()
        while self._idle and now - self._idle[0].idle_since >= IDLE:
            self._idle.pop(0).close()
        if self._idle:
            wait = IDLE - (now - self._idle[0].idle_since)
            self._sweeping = self._loop.call_later(wait, self._sweep)
