"""Pool: one app with the processes that run it and nothing else."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from shutil import rmtree

from snake.core.errors import StartError
from snake.engine.autoreload import GRACE, follow, watched
from snake.engine.crew import Crew
from snake.engine.hearing import Hearing
from snake.engine.host import Host
from snake.engine.nursery import Nursery
from snake.engine.process import Process, Work
from snake.engine.sockets import BACKLOG
from snake.engine.starts import CHANGED, Started
from snake.engine.together import all_of
from snake.engine.watch import Watch
from snake.python.plan import AppPlan, cpu_count, start_limit
from snake.python.pools import Address


class Pool:
    """The processes of one app, each with a socket that outlives it."""

    def __init__(  # noqa: PLR0913
        self,
        plan: AppPlan,
        folder: Path,
        cwd: Path,
        grace: float | None,
        *,
        cache: str = "",
        nursery: Nursery | None = None,
    ) -> None:
        """Look at what can be wrong, and listen inside of `folder`. Raises `StartError`."""
        self.name = plan.name
        self.count = plan.workers or cpu_count()
        self._in_threads = plan.placed.fields.workers_runtime == "thread"
        self._limit = start_limit([plan])
        fields = plan.placed.fields
        reloads = fields.autoreload not in ("", "off")
        if reloads and grace is None:
            grace = GRACE
        self._grace = grace
        self._make_host = partial(
            Host,
            fields,
            cwd,
            multiprocess=self.count != 1,
            grace=grace,
            cache=cache,
            nursery=nursery,
        )
        self._host = self._make_host()
        self._hear = Hearing(self.name, isolated=self._host.isolated).hear
        self._watched = watched(fields, cwd) if reloads else None
        self._watch: Watch | None = None
        self._watching: asyncio.Task[None] | None = None
        self._sockets: dict[str, socket.socket] = {}
        with ExitStack() as files:
            self._listen(folder, files)
            self._files = files.pop_all()
        self.started: Started | None = None
        """Is told of each start of a process, and why."""
        self._crew = Crew(self._host, self._works(), self._hear)
        self._leaving: dict[asyncio.Task[None], Crew] = {}

    def _listen(self, folder: Path, files: ExitStack) -> None:
        own = Path(tempfile.mkdtemp(prefix="app-", dir=folder))
        files.callback(rmtree, own, ignore_errors=True)
        for index in range(self.count):
            path = str(own / f"{index}.sock")
            sock = files.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            try:
                sock.bind(path)
            except OSError as error:
                raise StartError(f"cannot listen on {path}: {error}") from None
            sock.listen(BACKLOG)
            self._sockets[path] = sock

    @property
    def address(self) -> Address:
        """Where workers find it."""
        return Address(self.name, tuple(self._sockets))

    @property
    def python(self) -> str:
        """The version of its interpreter, once it has started."""
        return self._host.python

    @property
    def processes(self) -> list[Process]:
        """Those that run the app now."""
        return self._crew.processes

    async def start(self) -> None:
        """Start all processes, and wait until they are ready. Raises `StartError`."""
        if self._watched is None:
            await self._crew.start()
            return
        # From before the app is imported: no save is lost.
        self._watch = Watch(self._watched)
        await all_of([self._watch.open(), self._crew.start()])

    def keep(self) -> None:
        """Let them serve, and from now on replace those that die, or whose code changes."""
        self._crew.keep()
        if self._watch is not None:
            work = follow(self.name, self._watch, self.renew, self.show)
            self._watching = asyncio.create_task(work)

    async def renew(self) -> None:
        """Replace all processes by those of a new host, which imports the app anew.

        The ones of before drain meanwhile. Raises `StartError`; then nothing has changed.
        """
        await self._replace(self._make_host())

    async def show(self, why: str) -> None:
        """Replace all processes by what tells why there is no app. Raises `StartError`."""
        await self._replace(self._host.telling(why), one=True)

    async def _replace(self, host: Host, *, one: bool = False) -> None:
        crew = Crew(host, self._works(one=one), self._hear)
        try:
            await crew.start(CHANGED)
        except BaseException:
            await crew.kill()
            raise
        before, self._crew = self._crew, crew
        crew.keep()
        task = asyncio.create_task(before.drain())
        self._leaving[task] = before
        task.add_done_callback(self._leaving.pop)

    def _works(self, *, one: bool = False) -> list[Work]:
        """Return what each process is given: one socket, or `one` process all of them."""
        loops = [[(path, sock.fileno())] for path, sock in self._sockets.items()]
        size = len(loops) if self._in_threads or one else 1
        return [
            Work(
                document="",
                index=index,
                loops=loops[index : index + size],
                start_limit=self._limit,
                grace=self._grace,
                started=self._tell_started,
                title="app process",
                fields={"app": self.name, "process": index},
            )
            for index in range(0, len(loops), size)
        ]

    def _tell_started(self, cause: str) -> None:
        if self.started is not None:
            self.started(cause)

    def let_go(self) -> None:
        """Start no more processes."""
        if self._watching is not None:
            self._watching.cancel()
        self._crew.let_go()

    async def drain(self) -> None:
        """Let every process finish its requests and end."""
        await self._stop_watching()
        await asyncio.gather(self._crew.drain(), *self._leaving)
        self.close()

    async def kill(self) -> None:
        """End every process now."""
        await self._stop_watching()
        leaving = list(self._leaving.values())
        for task in list(self._leaving):
            task.cancel()
        await asyncio.gather(self._crew.kill(), *(crew.kill() for crew in leaving))
        self.close()

    async def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        if self._watch is not None:
            self._watch.close()

    def close(self) -> None:
        """Close and remove the sockets; for a pool that was never started."""
        self._files.close()
