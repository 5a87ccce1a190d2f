"""Loops: several event loops that do the same work, each in a thread of its own.

That is `workers_runtime thread`: one process, N loops. On a free-threaded Python they run at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

Factory = Callable[[], asyncio.AbstractEventLoop] | None
Word = Callable[[], Awaitable[bool]]
"""Says that all is ready, and waits for the word to end: whether to drain first."""
Serve = Callable[[Word], Coroutine[Any, Any, None]]
"""Begins to serve, and does so until the word comes."""


class Loops:
    """The loops of one process. The loop that runs `run` only waits for them."""

    def __init__(self, serves: Sequence[Serve], factory: Factory) -> None:
        self._serves = serves
        self._factory = factory

    async def run(self, word: Word) -> None:
        """Serve on all loops until the word comes. Raises what the first that cannot raises."""
        # One after the other: the first one imports the apps, and what fails there fails once.
        threads: list[_Thread] = []
        try:
            for serve in self._serves:
                threads.append(_Thread(serve, self._factory))
                await threads[-1].ready
            drain = await word()
        except BaseException:
            for thread in threads:
                thread.tell(drain=False)
            raise
        for thread in threads:
            thread.tell(drain=drain)
        await asyncio.gather(*(thread.ended for thread in threads))


class _Thread:
    """One loop in its thread, as the main thread sees it."""

    def __init__(self, serve: Serve, factory: Factory) -> None:
        self._main = asyncio.get_running_loop()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: asyncio.Future[bool] | None = None
        self.ready: asyncio.Future[None] = self._main.create_future()
        self.ended: asyncio.Future[None] = self._main.create_future()
        threading.Thread(
            target=self._run, args=(serve, factory), name="snake-loop", daemon=True
        ).start()

    def tell(self, *, drain: bool) -> None:
        """Have it end, and drain first if so told. A loop that is not ready is left alone."""
        loop, told = self._loop, self._told
        if loop is not None and told is not None:
            loop.call_soon_threadsafe(_resolve, told, drain)

    def _run(self, serve: Serve, factory: Factory) -> None:
        """Be the thread."""
        failure: BaseException | None = None
        try:
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(serve(self._word))
        except BaseException as error:  # noqa: BLE001  (the main thread raises it)
            failure = error
        self._main.call_soon_threadsafe(self._over, failure)

    async def _word(self) -> bool:
        self._loop = asyncio.get_running_loop()
        self._told = self._loop.create_future()
        self._main.call_soon_threadsafe(_resolve, self.ready, None)
        return await self._told

    def _over(self, failure: BaseException | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(failure or RuntimeError("a loop ended before it was ready"))
        if not self.ended.done():
            self.ended.set_result(None)


def _resolve(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)
