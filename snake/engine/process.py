"""Process: one worker process, from the supervisor's side of its channel."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from snake.core.errors import StartError
from snake.core.record import Record
from snake.engine.channel import (
    FDS_PER_MESSAGE,
    Announce,
    AnyMessage,
    Count,
    Drain,
    Failed,
    Listen,
    Provision,
    send,
)
from snake.engine.line import Line
from snake.engine.spawner import Child, Spawner
from snake.python.plan import StartLimit

logger = logging.getLogger("snake")

SLOW = 10.0
"""Seconds after which a start that is not over is mentioned in the log, and again."""
CLOSING = 5.0
"""Seconds that a worker has to end when it has closed its channel or failed to start."""
SHUTDOWN = 30.0
"""Seconds after the grace period that an app has for its own shutdown."""
HANGING = 1.0
"""Seconds between the end of a worker's channel and the end of its process."""


class Work(Record):
    """What a worker is given."""

    index: int
    document: bytes
    sockets: Mapping[str, int]
    """The descriptor of each address."""
    start_limit: StartLimit
    figures: Sequence[int]
    """The descriptors of the files of all workers' figures, if there are any."""
    grace: float | None
    """Seconds for which its requests may still run at the end; `None` is for ever."""


class Process:
    """A worker that is ready. `start` makes one, and leaves nothing behind when it cannot."""

    def __init__(self, work: Work, child: Child, line: Line) -> None:
        self._work = work
        self._child = child
        self._line = line
        self._answer = asyncio.create_task(line.receive())
        self.pid = child.pid

    @classmethod
    async def start(cls, work: Work, spawner: Spawner) -> Process:
        """Start a worker and wait until it is ready. Raises `StartError`."""
        child = await spawner.fork()
        addresses = list(work.sockets)
        for at in range(0, len(addresses), FDS_PER_MESSAGE):
            some = tuple(addresses[at : at + FDS_PER_MESSAGE])
            send(child.sock, Listen(some), [work.sockets[address] for address in some])
        for at in range(0, len(work.figures), FDS_PER_MESSAGE):
            send(child.sock, Count(), work.figures[at : at + FDS_PER_MESSAGE])
        process = cls(work, child, await Line.on(child.sock))
        process._line.send(Provision(work.document, work.index))
        try:
            failed = await process._verdict()
        except BaseException:
            process.kill()
            raise
        if failed:
            await process._end(CLOSING)
            raise StartError(failed.reason, failed.path)
        process._answer = asyncio.create_task(process._line.receive())
        return process

    async def ended(self) -> str:
        """Wait until it is gone, and tell how that happened."""
        exited = self._child.exited
        # It closes its channel and lives on when a thread of the app does not end.
        await self._news(None)
        await self._end(HANGING)
        return _how(exited.result())

    def announce(self, seconds: float) -> None:
        """Tell it when it will be told to drain."""
        self._line.send(Announce(seconds))

    async def drain(self) -> None:
        """Let it finish its requests and close everything; return when it is gone."""
        self._line.send(Drain())
        grace = self._work.grace
        await self._news(None if grace is None else grace + SHUTDOWN)
        await self._end(CLOSING if self._answer.done() else 0)

    def kill(self) -> None:
        """End it now."""
        self._answer.cancel()
        self._line.close()
        self._child.kill()

    async def _verdict(self) -> Failed | None:
        """Wait for its word; return why it cannot run, or nothing if it is ready.

        Raises `StartError` when the word does not come in time.
        """
        began = monotonic()
        allowed = self._work.start_limit
        limit = math.inf if allowed.seconds is None else allowed.seconds
        while not await self._news(min(limit - (monotonic() - began), SLOW)):
            spent = monotonic() - began
            if spent >= limit:
                raise StartError(allowed.reason, allowed.path)
            fields = {"worker": self._work.index, "seconds": round(spent)}
            logger.warning("worker is still starting", extra={"fields": fields})
        return await self._failure(self._answer.result() if self._answer.done() else None)

    async def _news(self, patience: float | None) -> bool:
        """Wait for a message or the end; tell whether one of them came in time."""
        waiting: set[asyncio.Future[Any]] = {self._answer, self._child.exited}
        done, _ = await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)

    async def _failure(self, answer: AnyMessage | None) -> Failed | None:
        if answer is None:
            reason = f"the worker ended before it was ready: {await self.ended()}"
            return Failed(reason, self._work.start_limit.path)
        return answer if isinstance(answer, Failed) else None

    async def _end(self, patience: float | None) -> None:
        """See it end: by itself within so many seconds, or by force."""
        exited = self._child.exited
        await asyncio.wait([exited], timeout=patience)
        if not exited.done():
            fields = {"worker": self._work.index, "pid": self.pid}
            logger.warning("worker does not end; killing it", extra={"fields": fields})
        self.kill()
        await exited


def _how(status: int) -> str:
    """Return `exit code 1` or `signal SIGSEGV`."""
    if status >= 0:
        return f"exit code {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
