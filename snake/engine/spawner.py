"""The supervisor's side of the zygote: it starts one, and asks it for workers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

from snake.core.errors import StartError
from snake.engine.line import Line
from snake.fork.channel import Exited, Fork, Forked, pair, send

logger = logging.getLogger("snake")

_BOOT = (
    "import sys; sys.path.append(sys.argv[2]); "
    "from socket import socket; from snake.engine.zygote import main; "
    "main(socket(fileno=int(sys.argv[1])))"
)
_ROOT = str(Path(__file__).parents[2])


def spawn() -> socket.socket:
    """Start a zygote as a program of its own, and return the supervisor's end of its channel.

    Python starts with -P, so that no file of the working folder can stand in
    for a module of snake.
    """
    ours, theirs = pair()
    theirs.set_inheritable(True)
    command = [sys.executable, "-P", "-c", _BOOT, str(theirs.fileno()), _ROOT]
    # As in `zygote.fork`.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        os.posix_spawn(sys.executable, command, os.environ)
    finally:
        signal.signal(signal.SIGINT, before)
    theirs.close()
    ours.settimeout(0)
    return ours


class Child:
    """A worker's process, as the supervisor sees it."""

    def __init__(self, pid: int, sock: socket.socket, exited: asyncio.Future[int]) -> None:
        self.pid = pid
        self.sock = sock
        """The supervisor's end of the worker's channel."""
        self.exited = exited
        """Its exit code; below 0 the signal that ended it, as in `subprocess`."""

    def kill(self) -> None:
        """End it now."""
        if not self.exited.done():
            os.kill(self.pid, signal.SIGKILL)


class Spawner:
    """Asks a zygote for workers; starts another zygote if that one dies."""

    def __init__(self, sock: socket.socket, start: Callable[[], socket.socket] = spawn) -> None:
        self._sock = sock
        self._start = start
        self._serials = itertools.count(1)
        self._forks: dict[int, asyncio.Future[int]] = {}
        self._exits: dict[int, asyncio.Future[int]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._sock.close()

    async def fork(self) -> Child:
        """Make a worker. Raises `StartError` when the system has no process to give."""
        serial = next(self._serials)
        ours, theirs = pair()
        loop = asyncio.get_running_loop()
        forked = self._forks[serial] = loop.create_future()
        exited = self._exits[serial] = loop.create_future()
        with theirs:
            send(self._sock, Fork(serial), [theirs.fileno()])
        ours.settimeout(0)
        try:
            pid = await forked
        except BaseException:
            ours.close()
            raise
        return Child(pid, ours, exited)

    async def _read(self) -> None:
        while True:
            line = await Line.on(self._sock)
            while (message := await line.receive()) is not None:
                if isinstance(message, Forked):
                    self._forked(message)
                elif isinstance(message, Exited):
                    self._exits.pop(message.serial).set_result(message.status)
            line.close()
            self._replace()

    def _forked(self, message: Forked) -> None:
        future = self._forks.pop(message.serial)
        if message.error:
            self._exits.pop(message.serial)
            future.set_exception(StartError(message.error))
        elif not future.done():
            future.set_result(message.pid)

    def _replace(self) -> None:
        """Go on after the death of the zygote: its workers died with it (`die_with_parent`)."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        logger.error("zygote died; starting another")
        forks, exits = self._forks, self._exits
        self._forks, self._exits = {}, {}
        self._sock = self._start()
        for forked in forks.values():
            forked.set_exception(StartError("the process that makes workers died"))
        for exited in exits.values():
            exited.set_result(-signal.SIGKILL)
