"""Stacks: where every thread of every process is at this moment, for who looks for what hangs."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Iterator

from snake.engine.generation import Generation
from snake.engine.process import Process
from snake.engine.reloads import Reloads


class Stacks:
    """Asks the processes of all generations; one that hangs in C code tells as well."""

    def __init__(self, reloads: Reloads) -> None:
        self._reloads = reloads

    async def text(self) -> str:
        """Return the stacks of all threads, process by process."""
        processes = list(self._processes())
        told = await asyncio.gather(*(process.threads() for _, process in processes))
        parts = [f"supervisor, process {os.getpid()}\n\n{_own()}"]
        for (name, process), stack in zip(processes, told, strict=True):
            shown = stack.strip() or "it does not tell"
            parts.append(f"{name}, process {process.pid}\n\n{shown}\n")
        return "\n".join(parts)

    def _processes(self) -> Iterator[tuple[str, Process]]:
        for generation in (self._reloads.generation, *self._reloads.draining):
            yield from _of_generation(generation)


def _of_generation(generation: Generation) -> Iterator[tuple[str, Process]]:
    for place in generation.places:
        for process in (place.process, *place.leaving):
            if process is not None:
                yield f"worker {place.index}", process
    for view, paths in generation.places_of_apps.items():
        for path in paths if view.pooled else ():
            for pool in generation.pools.of(path).values():
                yield from ((f"app {view.name}", process) for process in pool.processes)


def _own() -> str:
    """Return the stacks of this process."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"thread {names.get(ident, ident)}\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()  # noqa: SLF001  (there is no other way)
    )
