"""Place: one process's place in a generation or a pool, filled again when the process dies."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from time import monotonic

from snake.core.errors import StartError
from snake.engine.backoff import Backoff
from snake.engine.process import Ear, Process, Work
from snake.engine.spawner import Spawner
from snake.engine.state import WORKER, Event, State, after
from snake.fork.channel import Announce

logger = logging.getLogger("snake")


class Place:
    """Starts a worker, keeps one alive, drains it. Its life is the table `state.WORKER`."""

    def __init__(self, work: Work, spawner: Spawner, ear: Ear) -> None:
        self._work = work
        self._ear = ear
        self._spawner = spawner
        self._state = State.IDLE
        self._process: Process | None = None
        self._started = 0.0
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that serves now, if one does."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start a worker and wait until it is ready. Raises `StartError`."""
        self._on(Event.LOAD)
        try:
            self._process = await Process.start(self._work, self._spawner, self._ear)
        except BaseException:
            self._on(Event.GONE)
            raise
        self._started = monotonic()
        self._on(Event.READY)

    def keep(self) -> None:
        """From now on, start another worker whenever this one dies."""
        self._keeping = asyncio.create_task(self._keep())

    def let_go(self) -> None:
        """From now on, start no other worker when this one dies."""
        if self._keeping is not None:
            self._keeping.cancel()

    def announce(self, seconds: float) -> None:
        """Tell the worker when it will be drained."""
        if self._process is not None:
            self._process.send(Announce(seconds))

    async def drain(self) -> None:
        """Let the worker finish its requests and end; return when it is gone."""
        self._on(Event.DRAIN)
        await self._stop_keeping()
        if self._process is not None:
            await self._process.drain()
        self._on(Event.GONE)

    async def kill(self) -> None:
        """End the worker now, and the place with it."""
        self._on(Event.STOP)
        await self._stop_keeping()
        if self._process is not None:
            self._process.kill()

    def _on(self, event: Event) -> None:
        self._state = after(WORKER, self._state, event)

    async def _stop_keeping(self) -> None:
        self.let_go()
        if self._keeping is not None:
            with suppress(asyncio.CancelledError):
                await self._keeping

    async def _keep(self) -> None:
        backoff = Backoff()
        while True:
            if self._process is not None:
                how = await self._process.ended()
                self._process = None
                self._on(Event.GONE)
                self._log(logging.ERROR, "died; starting another", reason=how)
            await asyncio.sleep(backoff.delay(monotonic() - self._started))
            began = monotonic()
            try:
                await self.start()
            except StartError as error:
                self._log(logging.ERROR, "cannot start; trying again", error=error.message)
                self._started = monotonic()
            else:
                took = round(monotonic() - began, 3)
                self._log(logging.INFO, "started", pid=self.pid, seconds=took)

    def _log(self, level: int, message: str, **fields: object) -> None:
        told = {"fields": {**self._work.fields, **fields}}
        logger.log(level, "%s %s", self._work.title, message, extra=told)
