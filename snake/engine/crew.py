"""Crew: one host with the processes that it has made, which run an app as it was at that time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from snake.engine.host import Host
from snake.engine.place import Place
from snake.engine.process import Ear, Process, Work
from snake.engine.spawner import Spawner
from snake.engine.starts import LOADED
from snake.engine.together import all_of


class Crew:
    """All processes of an app. Another crew can take their place on the same sockets."""

    def __init__(self, host: Host, works: Sequence[Work], ear: Ear) -> None:
        self.host = host
        self._works = works
        self._ear = ear
        self._places: list[Place] = []
        self._stack = AsyncExitStack()

    @property
    def processes(self) -> list[Process]:
        """Those that there are now."""
        return [place.process for place in self._places if place.process is not None]

    async def start(self, cause: str = LOADED) -> None:
        """Start all processes, and wait until they are ready. Raises `StartError`; see `kill`."""
        host = self.host
        spawner = await self._stack.enter_async_context(Spawner(await host.start(), host.start))
        self._places = [Place(work, spawner, self._ear) for work in self._works]
        await all_of([place.start(cause) for place in self._places])

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
        await self._stack.aclose()

    async def kill(self) -> None:
        """End every process now."""
        await asyncio.gather(*(place.kill() for place in self._places))
        await self._stack.aclose()
