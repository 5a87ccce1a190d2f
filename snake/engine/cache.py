"""The cache of all apps: a socket from the beginning, and a process from the first connection on.

What is in it outlives workers and reloads, and is gone with the process: if that dies, another is
started for the next connection, and whoever connects meanwhile waits.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import signal
import socket
from contextlib import suppress
from time import monotonic
from typing import Protocol

from snake.core.errors import StartError
from snake.engine.backoff import Backoff
from snake.engine.folder import PrivateFolder
from snake.engine.line import Line
from snake.engine.loop import loop_factory
from snake.engine.spawner import Child, Spawner
from snake.fork.channel import KeepCache, Listen, send
from snake.fork.system import name_process
from snake.python.fields import PythonFields

logger = logging.getLogger("snake")

NAME = "cache.sock"
BACKLOG = 1024
SPARE_FILES = 100
"""Descriptors that are left for other things than connections."""
COLLECTED = (100_000, 50, 100)
"""The thresholds of the garbage collector: there is nothing for it but ended connections."""


class Addresses(Protocol):
    """Whoever knows where the cache is."""

    def url(self, namespace: str = "") -> str:
        """Return the address for whoever may see one namespace."""


class SharedCache:
    """The supervisor's side. Nothing is there before its address has been asked for."""

    def __init__(self, folder: PrivateFolder, spawner: Spawner) -> None:
        self._folder = folder
        self._spawner = spawner
        self._secret = secrets.token_hex(32)
        self._sock: socket.socket | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._child: Child | None = None
        self._missed = False
        """Whether the log has said that there is no cache."""

    def url(self, namespace: str = "") -> str:
        """Return the address for whoever may see one namespace.

        It is empty where there can be none, such as on a read-only disk: not every app needs it.
        """
        try:
            if self._sock is None:
                self._sock = listen(self._folder)
                self._keeping = asyncio.create_task(self._keep(self._sock))
            return address(self._folder, self._secret, namespace)
        except StartError as error:
            if not self._missed:
                _log(logging.WARNING, "apps have no cache", error=error.message)
            self._missed = True
            return ""

    async def close(self) -> None:
        """End it, with all that it holds."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        if self._sock is not None:
            self._sock.close()
        if self._child is not None:
            self._child.kill()
            await self._child.exited

    async def _keep(self, sock: socket.socket) -> None:
        """Start a process when somebody connects, and again when it has died."""
        backoff = Backoff()
        while True:
            await _readable(sock)
            began = monotonic()
            try:
                self._child = await self._start(sock)
                status = await asyncio.shield(self._child.exited)
            except StartError as error:
                _log(logging.ERROR, "cache cannot start; trying again", error=error.message)
            else:
                self._child.sock.close()
                self._child = None
                _log(logging.ERROR, "cache died; what it held is lost", status=status)
            await asyncio.sleep(backoff.delay(monotonic() - began))

    async def _start(self, sock: socket.socket) -> Child:
        child = await self._spawner.fork()
        send(child.sock, Listen(("cache",)), [sock.fileno()])
        send(child.sock, KeepCache(self._secret))
        _log(logging.INFO, "cache started", pid=child.pid)
        return child


def namespace(fields: PythonFields) -> str:
    """Return the namespace of an app: all share one, but for those that are isolated."""
    isolated = fields.isolation is not None and fields.isolation.backend != "none"
    return f"{fields.name} in {fields.working_dir}" if isolated else ""


def main(channel: socket.socket, sock: socket.socket, secret: str) -> int:
    """Be the cache until the supervisor is gone or somebody ends it; return the exit code."""
    name_process("snake-cache")
    gc.set_threshold(*COLLECTED)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_serve(channel, sock, secret))


async def _serve(channel: socket.socket, sock: socket.socket, secret: str) -> int:
    from snake.cache.limits import DEFAULT  # noqa: PLC0415  (only the cache itself needs these)
    from snake.cache.server import Server  # noqa: PLC0415
    from snake.cache.tokens import Tokens  # noqa: PLC0415

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    limits = DEFAULT._replace(connections=min(DEFAULT.connections, _files() // 2))
    line = await Line.on(channel)
    waiting = (
        asyncio.create_task(Server(Tokens(secret), limits).serve(sock)),
        asyncio.create_task(line.receive()),
        asyncio.create_task(ended.wait()),
    )
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    return 0


def address(folder: PrivateFolder, secret: str, namespace: str) -> str:
    """Return the address for whoever may see one namespace. Raises `StartError`."""
    from snake.cache.tokens import Tokens  # noqa: PLC0415  (not where there is no app)

    path = folder.path / NAME
    if namespace:
        # Its app may have another user, who is told nothing without the token.
        path.chmod(0o666)
        path = folder.opened(NAME)
    return f"unix://{path}?token={Tokens(secret).grant(namespace)}"


def listen(folder: PrivateFolder) -> socket.socket:
    """Return a socket that listens in the server's own folder. Raises `StartError`."""
    sock = socket.socket(socket.AF_UNIX)
    path = folder.path / NAME
    try:
        sock.bind(str(path))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise StartError(f"the cache cannot listen on {path}: {error.strerror or error}") from None
    sock.setblocking(False)  # noqa: FBT003
    return sock


async def _readable(sock: socket.socket) -> None:
    """Wait for a connection, and leave it to others."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    loop.add_reader(sock, came.set)
    try:
        await came.wait()
    finally:
        loop.remove_reader(sock)


def _files() -> int:
    """Return how many connections this process may have open."""
    import resource  # noqa: PLC0415  (not on Windows)

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(limit - SPARE_FILES, SPARE_FILES)


def _log(level: int, message: str, **fields: object) -> None:
    logger.log(level, message, extra={"fields": fields})
