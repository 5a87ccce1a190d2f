"""Process: a worker, or a process of a pool, from the supervisor's side of its channel."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic, time
from typing import Any, Protocol

from snake.core.errors import StartError
from snake.core.record import Record
from snake.engine.dump import Dump as DumpFile
from snake.engine.health import Health, Kind, Trouble
from snake.engine.line import Line
from snake.engine.spawner import Child, Spawner
from snake.engine.starts import Started
from snake.fork.channel import (
    FDS_PER_MESSAGE,
    Count,
    Drain,
    Dump,
    Failed,
    Forgot,
    Leaving,
    Listen,
    Message,
    Note,
    Provision,
    Query,
    Ready,
    Seek,
    Used,
    Want,
    send,
)
from snake.isolation.output import readable
from snake.metrics.ledger import Sheets
from snake.python.plan import StartLimit

logger = logging.getLogger("snake")

SLOW = 10.0
"""Seconds after which a start that is not over is mentioned in the log, and again."""
CLOSING = 5.0
"""Seconds that a worker has to end when it has closed its channel or failed to start."""
SHUTDOWN = 30.0
"""Seconds after the grace period that an app has for its own shutdown."""
HEARD = 3.0
"""Seconds in which a process that is well has been heard of, whatever it was told."""
HANGING = 1.0
"""Seconds between the end of a worker's channel and the end of its process."""


class Asker(Protocol):
    """A worker that asks for apps."""

    @property
    def is_gone(self) -> bool:
        """Whether it will say nothing more."""
        ...

    def send(self, message: Message) -> None:
        """Tell it something."""
        ...


class Work(Record):
    """What a process is given, and how the log calls it."""

    document: str
    """The JSON of what it runs."""
    index: int
    loops: Sequence[Sequence[tuple[str, int]]]
    """For each of its event loops, addresses and the descriptors of their sockets."""
    start_limit: StartLimit
    grace: float | None
    """Seconds for which its requests may still run at the end; `None` is for ever."""
    tunnels: float = 0.0
    """Seconds for which those may still run that asked for it, when others have taken over."""
    figures: Sheets | None = None
    """The files of all workers' figures, for a worker."""
    pools: str = ""
    cache: str = ""
    """The address of the cache."""
    desk: Callable[[Message, Asker], None] | None = None
    """What answers a worker that asks for apps."""
    keys: Callable[[], str] | None = None
    """What it is told of certificates when it starts."""
    meeting: str = ""
    """The folder in which the workers' sockets for HTTP/3 find each other; none without any."""
    seeker: Callable[[Seek, Asker], None] | None = None
    """What answers a worker that seeks a certificate or a challenge."""
    tickets: tuple[str, ...] = ()
    """For what purposes it opens the session tickets of others; see `tls.tickets`."""
    started: Started | None = None
    """Is told of each start that there is, and why."""
    clerk: Callable[[Query, Asker], None] | None = None
    """What answers a worker that asks what is known of all that runs."""
    title: str = "worker"
    fields: Mapping[str, object] = {}


Ear = Callable[[Message], None]
"""What takes the messages of a process that is ready."""


class Process:
    """A process that is ready. `start` makes one, and leaves nothing behind when it cannot."""

    def __init__(self, work: Work, child: Child, line: Line, ear: Ear, dump: DumpFile) -> None:
        self._work = work
        self._child = child
        self._line = line
        self._ear = ear
        self._answer: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
        self._health = Health(child.pid if child.is_visible else 0)
        self._dump = dump
        self._left = asyncio.Event()
        self._loops_left = 0
        self._gone = asyncio.create_task(self._listen())
        self.pid = child.pid
        self.is_visible = child.is_visible
        """Whether `pid` is its number for this process, too."""
        self.started_at = time()
        """Seconds since 1970."""

    @classmethod
    async def start(cls, work: Work, spawner: Spawner, ear: Ear) -> Process:
        """Start a process and wait until it is ready. Raises `StartError`."""
        child = await _forked(work, spawner)
        dump = DumpFile(child.pid if child.is_visible else 0)
        with suppress(ConnectionError):  # it has died already, which is noticed below
            _hand_over(work, child, dump)
            _let_count(work, child)
        process = cls(work, child, await Line.on(child.sock), ear, dump)
        keys = work.keys() if work.keys is not None else ""
        process.send(
            Provision(work.document, work.index, work.pools, work.cache, keys, work.meeting)
        )
        try:
            await process._begin()
        except BaseException:
            process.kill()
            raise
        return process

    async def trouble(self, patience: float) -> Trouble:
        """Wait until it is gone, or silent for so many seconds, or wants to be replaced."""
        trouble = await self._health.trouble((self._gone, self._child.exited), patience)
        return Trouble(Kind.GONE, await self._ended()) if trouble.kind is Kind.GONE else trouble

    async def stack(self) -> str:
        """Return where it hangs, unless it has said so itself; nothing if that cannot be known."""
        return "" if self._health.knows else await self._dump.stack()

    async def threads(self) -> str:
        """Return where all of its threads are, as it says; nothing if that cannot be known."""
        return await self._dump.threads()

    async def rest(self, seconds: float) -> None:
        """Wait for so long, or until it is gone."""
        await self._news(self._gone, seconds)

    async def _ended(self) -> str:
        """Wait until it is gone, and tell how that happened."""
        # It closes its channel and lives on when a thread of the app does not end.
        await self._news(self._gone, None)
        await self._end(HANGING)
        return _how(self._child.exited.result())

    @property
    def is_gone(self) -> bool:
        """Whether it will say nothing more."""
        return self._gone.done() or self._child.exited.done()

    def send(self, message: Message) -> None:
        """Tell it something."""
        self._line.send(message)

    async def drain(self, linger: float = 0.0) -> None:
        """Let it finish its requests and close everything; return when it is gone.

        For `linger` seconds it leaves connections open that wait for a request.
        """
        self.send(Drain(linger))
        grace = self._work.grace
        longest = max(grace or 0.0, self._work.tunnels if linger else 0.0) + SHUTDOWN
        with suppress(TimeoutError):
            async with asyncio.timeout(None if grace is None else longest):
                await self._drained(SHUTDOWN if grace is None else min(max(grace, HEARD), SHUTDOWN))
        await self._end(CLOSING if self._gone.done() else 0)

    async def _drained(self, patience: float) -> None:
        """Wait until it is gone; or until it has said nothing for so many seconds.

        One that has heard that it should end, and said so by its pulse, has `SHUTDOWN` for it.
        """
        told = self._health.heard = monotonic()
        ends = (self._gone, self._child.exited)
        trouble = await self._health.trouble(ends, patience, weary=False)
        if trouble.kind is Kind.SILENT and self._health.heard > told:
            await self._health.trouble(ends, SHUTDOWN, weary=False)

    async def left(self) -> None:
        """Wait until it takes no new connection any more, which it is told to."""
        await self._left.wait()

    def kill(self) -> None:
        """End it now."""
        self._left.set()
        self._gone.cancel()
        self._line.close()
        self._dump.close()
        self._child.kill()

    async def _listen(self) -> None:
        """Take its word, and then all that it says, until it is gone."""
        while (message := await self._line.receive()) is not None:
            self._health.hear(message)
            if self._is_served(message):
                continue
            if self._answer.done():
                self._ear(message)
            elif isinstance(message, Ready | Failed):
                self._answer.set_result(message)
            elif isinstance(message, Note):
                self._ear(message)
        self._left.set()
        if not self._answer.done():
            self._answer.set_result(None)

    def _is_served(self, message: Message) -> bool:
        """Do what a worker asks for; tell whether it was that."""
        match message:
            case Want() | Used() | Forgot():
                # A worker takes requests already when it says that it is ready.
                if self._work.desk is not None:
                    self._work.desk(message, self)
            case Seek():
                if self._work.seeker is not None:
                    self._work.seeker(message, self)
            case Query():
                if self._work.clerk is not None:
                    self._work.clerk(message, self)
            case Leaving():
                self._loops_left += 1
                if self._loops_left >= len(self._work.loops):
                    self._left.set()
            case _:
                return False
        return True

    async def _begin(self) -> None:
        """Wait until it is ready. Raises `StartError` when it cannot be, or is late."""
        if failed := await self._verdict():
            await self._end(CLOSING)
            if not self._child.is_visible:  # an isolated app wrote it, and may mean a terminal
                raise StartError(readable(failed.reason.encode(errors="replace")))
            raise StartError(failed.reason, failed.path)

    async def _verdict(self) -> Failed | None:
        """Wait for its word; return why it cannot run, or nothing if it is ready.

        Raises `StartError` when the word does not come in time.
        """
        began = monotonic()
        allowed = self._work.start_limit
        limit = math.inf if allowed.seconds is None else allowed.seconds
        while not await self._news(self._answer, min(limit - (monotonic() - began), SLOW)):
            spent = monotonic() - began
            if spent >= limit:
                raise StartError(allowed.reason, allowed.path)
            fields = {**self._work.fields, "seconds": round(spent)}
            logger.warning("%s is still starting", self._work.title, extra={"fields": fields})
        return await self._failure(self._answer.result() if self._answer.done() else None)

    async def _news(self, news: asyncio.Future[Any], patience: float | None) -> bool:
        """Wait for news of it, or its end; tell whether one of them came in time."""
        waiting: set[asyncio.Future[Any]] = {news, self._child.exited}
        done, _ = await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)

    async def _failure(self, answer: Message | None) -> Failed | None:
        if answer is None:
            reason = f"the {self._work.title} ended before it was ready: {await self._ended()}"
            return Failed(reason, self._work.start_limit.path)
        return answer if isinstance(answer, Failed) else None

    async def _end(self, patience: float | None) -> None:
        """See it end: by itself within so many seconds, or by force."""
        exited = self._child.exited
        await asyncio.wait([exited], timeout=patience)
        if not exited.done():
            fields = {**self._work.fields, "pid": self.pid}
            logger.warning(
                "%s does not end; killing it", self._work.title, extra={"fields": fields}
            )
        self.kill()
        await exited


async def _forked(work: Work, spawner: Spawner) -> Child:
    """Fork a process; a zygote that still loads the app has as long as the app has.

    Raises `StartError`.
    """
    limit = work.start_limit
    try:
        async with asyncio.timeout(limit.seconds):
            return await spawner.fork(work.tickets)
    except TimeoutError:
        raise StartError(limit.reason, limit.path) from None


def _hand_over(work: Work, child: Child, dump: DumpFile) -> None:
    """Give a process its descriptors."""
    if dump.file >= 0:
        send(child.sock, Dump(), [dump.file])
    for loop, sockets in enumerate(work.loops):
        for at in range(0, len(sockets), FDS_PER_MESSAGE):
            addresses, fds = zip(*sockets[at : at + FDS_PER_MESSAGE], strict=True)
            send(child.sock, Listen(addresses, loop), fds)


def _let_count(work: Work, child: Child) -> None:
    """Give a worker the files of figures, one of which is its own as long as it lives."""
    sheets = work.figures
    if sheets is None:
        return
    own = sheets.take(work.index, len(work.loops))
    child.exited.add_done_callback(lambda _: sheets.give_back(own, len(work.loops)))
    for files, count in ((sheets.files, Count(own)), (sheets.before, Count(before=1))):
        for at in range(0, len(files), FDS_PER_MESSAGE):
            send(child.sock, count, files[at : at + FDS_PER_MESSAGE])


def _how(status: int) -> str:
    """Return `exit code 1` or `signal SIGSEGV`."""
    if status >= 0:
        return f"exit code {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
