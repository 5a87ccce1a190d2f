"""Pool: one app with the processes that run it and nothing else."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from shutil import rmtree

from snake.core.errors import StartError
from snake.engine.hearing import Hearing
from snake.engine.host import Host
from snake.engine.place import Place
from snake.engine.process import Work
from snake.engine.sockets import BACKLOG
from snake.engine.spawner import Spawner
from snake.engine.together import all_of
from snake.python.plan import AppPlan, cpu_count, start_limit
from snake.python.pools import Address


class Pool:
    """The processes of one app, each with a socket that outlives it."""

    def __init__(
        self, plan: AppPlan, folder: Path, cwd: Path, grace: float | None, cache: str = ""
    ) -> None:
        """Look at what can be wrong, and listen inside of `folder`. Raises `StartError`."""
        self.name = plan.name
        self.count = plan.workers or cpu_count()
        self._in_threads = plan.placed.fields.workers_runtime == "thread"
        self._limit = start_limit([plan])
        self._host = Host(
            plan.placed.fields, cwd, multiprocess=self.count != 1, grace=grace, cache=cache
        )
        self._grace = grace
        self._stack = AsyncExitStack()
        self._sockets: dict[str, socket.socket] = {}
        self._places: list[Place] = []
        with ExitStack() as files:
            self._listen(folder, files)
            self._files = files.pop_all()

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
    def pids(self) -> list[int]:
        """The processes that run the app now."""
        return [place.pid for place in self._places if place.pid is not None]

    async def start(self) -> None:
        """Start all processes, and wait until they are ready. Raises `StartError`."""
        spawner = await self._stack.enter_async_context(
            Spawner(await self._host.start(), self._host.start)
        )
        hearing = Hearing(self.name, isolated=self._host.isolated)
        loops = [[(path, sock.fileno())] for path, sock in self._sockets.items()]
        size = len(loops) if self._in_threads else 1
        for index in range(0, len(loops), size):
            work = Work(
                document="",
                index=index,
                loops=loops[index : index + size],
                start_limit=self._limit,
                grace=self._grace,
                title="app process",
                fields={"app": self.name, "process": index},
            )
            self._places.append(Place(work, spawner, hearing.hear))
        await all_of([place.start() for place in self._places])

    def keep(self) -> None:
        """Let them serve, and from now on replace those that die."""
        for place in self._places:
            place.keep()

    def let_go(self) -> None:
        """Start no more processes."""
        for place in self._places:
            place.let_go()

    async def drain(self) -> None:
        """Let every process finish its requests and end."""
        await asyncio.gather(*(place.drain() for place in self._places))
        await self._close()

    async def kill(self) -> None:
        """End every process now."""
        await asyncio.gather(*(place.kill() for place in self._places))
        await self._close()

    async def _close(self) -> None:
        await self._stack.aclose()
        self.close()

    def close(self) -> None:
        """Close and remove the sockets; for a pool that was never started."""
        self._files.close()
