"""The supervisor's side of the zygote: it starts one, and asks it for workers."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple, Self

from snake.core.errors import StartError
from snake.engine.backoff import FIRST, Backoff
from snake.engine.line import Line
from snake.fork.channel import ChannelError, Exited, Fork, Forked, Kill, Message, pair, send
from snake.isolation.launch import Launched

logger = logging.getLogger("snake")

_BOOT = (
    "import sys; sys.path.append(sys.argv[2]); "
    "from socket import socket; from snake.engine.zygote import main; "
    "main(socket(fileno=int(sys.argv[1])))"
)
_ROOT = str(Path(__file__).parents[2])
_OBEYS = 2.0
"""Seconds that an isolated zygote has to end a process; then it is ended itself."""
_LOOKS, _BETWEEN = 100, 0.01
"""How often, and how many seconds apart, a zygote is looked for that has closed its channel."""


class Started(NamedTuple):
    """A zygote, as whoever started it has it."""

    pid: int
    sock: socket.socket
    """The supervisor's end of its channel."""
    isolated: Launched | None = None
    """How it is ended if an isolated app may have taken it over: nothing that it says is believed,
    least of all the number of a process to be killed."""


async def spawn() -> Started:
    """Start the workers' zygote as a program of its own.

    Python starts with -P, so that no file of the working folder can stand in
    for a module of snake.
    """
    return start_program([sys.executable, "-P", "-c", _BOOT], [_ROOT], os.environ)


def start_program(
    command: Sequence[str], arguments: Sequence[str], environment: Mapping[str, str]
) -> Started:
    """Start a program that is a zygote; its first argument is its channel. Raises `OSError`."""
    ours, theirs = pair()
    theirs.set_inheritable(True)
    words = [*command, str(theirs.fileno()), *arguments]
    # As in `zygote.fork`.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pid = os.posix_spawn(words[0], words, environment)
    except BaseException:
        ours.close()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
        theirs.close()
    ours.settimeout(0)
    return Started(pid, ours)


class Child:
    """A worker's process, as the supervisor sees it."""

    def __init__(
        self, pid: int, sock: socket.socket, exited: asyncio.Future[int], end: Callable[[], None]
    ) -> None:
        self.pid = pid
        """To be shown: an isolated one is numbered by its own sandbox."""
        self.sock = sock
        """The supervisor's end of the worker's channel."""
        self.exited = exited
        """Its exit code; below 0 the signal that ended it, as in `subprocess`."""
        self.is_visible = True
        """Whether `pid` is its number for this process, too."""
        self._end = end

    def kill(self) -> None:
        """End it now."""
        if not self.exited.done():
            self._end()


class Spawner:
    """Asks a zygote for workers; starts another zygote if that one dies."""

    def __init__(self, zygote: Started, start: Callable[[], Awaitable[Started]] = spawn) -> None:
        self._zygote = zygote
        self._sock = zygote.sock
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
            await asyncio.wait([self._reading])
        self._sock.close()
        await self._reap()

    async def fork(self, tickets: tuple[str, ...] = ()) -> Child:
        """Make a worker, which opens the session tickets of others for these purposes.

        Raises `StartError` when the system has no process to give.
        """
        serial = next(self._serials)
        loop = asyncio.get_running_loop()
        forked: asyncio.Future[int] = loop.create_future()
        exited: asyncio.Future[int] = loop.create_future()
        ours = self._ask(Fork(serial, tickets))
        self._forks[serial], self._exits[serial] = forked, exited
        ours.settimeout(0)
        try:
            pid = await forked
        except BaseException:
            ours.close()
            raise
        child = Child(pid, ours, exited, lambda: self._kill(serial, pid, exited))
        child.is_visible = self._zygote.isolated is None
        return child

    def _ask(self, fork: Fork) -> socket.socket:
        """Ask for a fork; return the supervisor's end of its channel. Raises `StartError`."""
        try:
            ours, theirs = pair()
            with theirs:
                try:
                    send(self._sock, fork, [theirs.fileno()])
                except OSError:
                    ours.close()
                    raise
        except OSError as error:
            # It has died, and another takes its place: whoever asks again is heard there.
            reason = error.strerror or str(error)
            raise StartError(f"the process that makes workers does not answer: {reason}") from None
        return ours

    def _kill(self, serial: int, pid: int, exited: asyncio.Future[int]) -> None:
        isolated = self._zygote.isolated
        if isolated is None:
            os.kill(pid, signal.SIGKILL)
            return
        with suppress(OSError):
            send(self._sock, Kill(serial))

        def insist() -> None:
            if not exited.done():
                isolated.kill()

        asyncio.get_running_loop().call_later(_OBEYS, insist)

    async def _read(self) -> None:
        backoff = Backoff()
        while True:
            line = await Line.on(self._sock)
            began = monotonic()
            try:
                await self._listen(line)
            finally:
                line.close()
            await self._replace(backoff.delay(monotonic() - began))

    async def _listen(self, line: Line) -> None:
        """Take what the zygote says, until it is gone or talks rubbish."""
        while (message := await line.receive()) is not None:
            try:
                self._hear(message)
            except ChannelError as error:
                logger.error("a zygote talks rubbish", extra={"fields": {"error": str(error)}})  # noqa: TRY400
                return

    def _hear(self, message: Message) -> None:
        """Take what the zygote says. Raises `ChannelError` for what it cannot know."""
        if isinstance(message, Forked):
            self._forked(message)
        elif isinstance(message, Exited):
            exited = self._exits.pop(message.serial, None)
            if exited is None or message.serial in self._forks:
                raise ChannelError(f"process {message.serial} ended, and there is none")
            exited.set_result(message.status)

    def _forked(self, message: Forked) -> None:
        future = self._forks.pop(message.serial, None)
        if future is None:
            raise ChannelError(f"process {message.serial} was not asked for")
        if message.error:
            self._exits.pop(message.serial)
            future.set_exception(StartError(message.error))
        elif not future.done():
            future.set_result(message.pid)

    async def _replace(self, delay: float) -> None:
        """Go on after the death of the zygote: its forks died with it (`die_with_parent`)."""
        await self._reap()
        logger.error("zygote died; starting another")
        forks, exits = self._forks, self._exits
        self._forks, self._exits = {}, {}
        await asyncio.sleep(delay)
        self._zygote = await self._started()
        self._sock = self._zygote.sock
        for forked in forks.values():
            if not forked.done():
                forked.set_exception(StartError("the process that makes workers died"))
        for exited in exits.values():
            exited.set_result(-signal.SIGKILL)

    async def _started(self) -> Started:
        backoff = Backoff()
        while True:
            try:
                return await self._start()
            except StartError as error:
                fields = {"error": error.message}
                logger.error("cannot start a zygote; trying again", extra={"fields": fields})  # noqa: TRY400
            await asyncio.sleep(backoff.delay(0) or FIRST)

    async def _reap(self) -> None:
        """See a zygote end that has closed its channel."""
        if self._zygote.isolated is not None:
            self._zygote.isolated.kill()
            await self._zygote.isolated.exited
            return
        for _ in range(_LOOKS):
            if _is_gone(self._zygote.pid):
                return
            await asyncio.sleep(_BETWEEN)


def _is_gone(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True
