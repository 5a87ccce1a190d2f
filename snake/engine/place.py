"""Place: one process's place in a generation or a pool, filled again when the process dies.

A process can also be replaced while it lives: another is started beside it, on the same
sockets, and has the place as soon as it is ready. Until then the one before goes on, and
after that it finishes what it has. No request is lost, and none waits.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from time import monotonic

from snake.core.errors import StartError
from snake.engine.backoff import Backoff
from snake.engine.health import Kind, Patience
from snake.engine.process import Ear, Process, Work
from snake.engine.spawner import Spawner
from snake.engine.starts import CHANGED, DIED, FAILED, LOADED, SILENT, WEARY
from snake.engine.state import WORKER, Event, State, after
from snake.fork.channel import Announce, Drain, Message, Serve
from snake.logs.encoders import STACK

logger = logging.getLogger("snake")

LINGER = 5.0
"""Seconds for which a worker that was replaced leaves connections open that wait for a request."""


class Place:
    """Starts a worker, keeps one alive, drains it. Its life is the table `state.WORKER`."""

    def __init__(self, work: Work, spawner: Spawner, ear: Ear) -> None:
        self._work = work
        self._ear = ear
        self._spawner = spawner
        self._state = State.IDLE
        self._process: Process | None = None
        self._started = 0.0
        self._backoff = Backoff()
        self._patience = Patience()
        self._kept = False
        self._keeping: asyncio.Task[None] | None = None
        self._leaving: dict[Process, asyncio.Task[None]] = {}
        """Those that had the place before, and have not ended yet."""

    @property
    def pid(self) -> int | None:
        """The process that serves now, if one does."""
        return self._process.pid if self._process is not None else None

    @property
    def process(self) -> Process | None:
        """The process that serves now, if one does."""
        return self._process

    @property
    def is_starting(self) -> bool:
        """Whether there is no process yet, but one is being started."""
        return self._state is State.PROVISIONING

    @property
    def leaving(self) -> list[Process]:
        """Those that had the place before, and have not ended yet."""
        return list(self._leaving)

    @property
    def index(self) -> int:
        """Its number in the generation or the pool."""
        return self._work.index

    async def start(self, cause: str = LOADED) -> None:
        """Start a worker and wait until it is ready. Raises `StartError`."""
        self._on(Event.LOAD)
        try:
            process = await self.beside(cause=cause)
        except BaseException:
            self._on(Event.GONE)
            raise
        self._fill(process)
        self._on(Event.READY)

    async def beside(self, spawner: Spawner | None = None, cause: str = CHANGED) -> Process:
        """Start another process on the same sockets, beside the present one; wait for it.

        It takes no requests before it has the place. Whoever asked for it gives it that
        (`take`), or drains it. Raises `StartError`.
        """
        told = self._work.started or _nobody
        try:
            process = await Process.start(self._work, spawner or self._spawner, self._ear)
        except StartError:
            told(FAILED)
            raise
        told(cause)
        return process

    async def take(self, process: Process, spawner: Spawner | None = None) -> None:
        """Give the place to a process that was started beside; the one before drains, unawaited.

        With another spawner, those that will follow come from that one.
        """
        kept = self._kept
        await self._stop_keeping()
        if self._state in (State.DRAINING, State.STOPPED):
            process.kill()
            return
        self._spawner = spawner or self._spawner
        self._take(process)
        if kept:
            self.keep()

    async def renew(self, spawner: Spawner | None = None) -> None:
        """Replace the present process by another, gracefully.

        Raises `StartError` when there is no other; the present one goes on then.
        """
        await self.take(await self.beside(spawner), spawner)

    def keep(self) -> None:
        """Let the worker serve, and from now on start another one whenever it dies."""
        self._kept = True
        self._serve()
        self._keeping = asyncio.create_task(self._keep())

    def let_go(self) -> None:
        """From now on, start no other worker when this one dies."""
        self._kept = False
        if self._keeping is not None:
            self._keeping.cancel()

    def announce(self, seconds: float) -> None:
        """Tell the worker when it will be drained."""
        if self._process is not None:
            self._process.send(Announce(seconds))

    def tell(self, message: Message) -> None:
        """Tell every process something that has or had the place."""
        for process in (self._process, *self._leaving):
            if process is not None and not process.is_gone:
                process.send(message)

    async def drain(self, linger: float = 0.0) -> None:
        """Let the worker finish its requests and end; return when it is gone.

        For `linger` seconds connections are left open that wait for a request.
        """
        self._on(Event.DRAIN)
        await self._stop_keeping()
        if self._process is not None:
            await self._process.drain(linger)
        if self._leaving:
            await asyncio.wait(self._leaving.values())
        self._on(Event.GONE)

    async def left(self) -> None:
        """Wait until the worker takes no new connection any more, which it is told to."""
        if self._process is not None:
            await self._process.left()

    def hasten(self) -> None:
        """Leave no connection open any longer that waits for a request; while draining."""
        for process in self._processes():
            process.send(Drain())

    async def kill(self) -> None:
        """End the worker now, and the place with it."""
        self._on(Event.STOP)
        await self._stop_keeping()
        for process in self._processes():
            process.kill()

    def _processes(self) -> list[Process]:
        return [*self._leaving, *([self._process] if self._process else [])]

    def _fill(self, process: Process) -> None:
        self._process = process
        self._started = monotonic()

    def _take(self, process: Process) -> None:
        """Give the place to another process, and let the one that has it drain."""
        before = self._process
        if before is None:
            self._on(Event.LOAD)
            self._on(Event.READY)
        else:
            leaving = self._leaving[before] = asyncio.create_task(before.drain(LINGER))
            leaving.add_done_callback(lambda _: self._leaving.pop(before))
        self._fill(process)

    def _serve(self) -> None:
        if self._process is not None:
            self._process.send(Serve())

    def _on(self, event: Event) -> None:
        self._state = after(WORKER, self._state, event)

    async def _stop_keeping(self) -> None:
        self.let_go()
        if self._keeping is not None:
            with suppress(asyncio.CancelledError):
                await self._keeping
            self._keeping = None

    async def _keep(self) -> None:
        while True:
            if self._process is None:
                await self._refill()
            else:
                await self._attend(self._process)

    async def _attend(self, process: Process) -> None:
        """Wait for trouble, and act on it."""
        trouble = await process.trouble(self._patience.seconds)
        match trouble.kind:
            case Kind.GONE:
                self._process = None
                self._on(Event.GONE)
                self._log(logging.ERROR, "died; starting another", reason=trouble.reason)
                return
            case Kind.SILENT:
                self._patience.lost(monotonic() - self._started)
                message, level = "does not answer; starting another beside it", logging.ERROR
                cause = SILENT
            case Kind.WEARY:
                await process.rest(self._backoff.delay(monotonic() - self._started))
                message, level = "is to be replaced; starting another beside it", logging.INFO
                cause = WEARY
        stack = await process.stack() if trouble.kind is Kind.SILENT else ""
        fields = {STACK: stack} if stack else {}
        self._log(level, message, pid=process.pid, reason=trouble.reason, **fields)
        await self._replace(cause)

    async def _replace(self, cause: str) -> None:
        """Start a process beside the one that has the place, and give the place to it."""
        began = monotonic()
        try:
            self._take(await self.beside(cause=cause))
        except StartError as error:
            self._log(logging.ERROR, "cannot start; the one before goes on", error=error.message)
            self._started = monotonic()
        else:
            self._serve()
            self._log_started(began)

    async def _refill(self) -> None:
        """Start a process where there is none, after a while if the last ones did not live long."""
        await asyncio.sleep(self._backoff.delay(monotonic() - self._started))
        began = monotonic()
        try:
            await self.start(DIED)
        except StartError as error:
            self._log(logging.ERROR, "cannot start; trying again", error=error.message)
            self._started = monotonic()
        else:
            self._serve()
            self._log_started(began)

    def _log_started(self, began: float) -> None:
        took = round(monotonic() - began, 3)
        self._log(logging.INFO, "started", pid=self.pid, seconds=took)

    def _log(self, level: int, message: str, **fields: object) -> None:
        told = {"fields": {**self._work.fields, **fields}}
        logger.log(level, "%s %s", self._work.title, message, extra=told)


def _nobody(cause: str) -> None:
    del cause
