"""Loops: several event loops that do the same work, each in a thread of its own.

That is `workers_runtime thread`: one process, N loops. On a free-threaded Python they run at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from snake.fork.channel import Message

T = TypeVar("T")

Factory = Callable[[], asyncio.AbstractEventLoop] | None
Orders = AsyncGenerator[Message, None]
Word = Callable[[], Orders]
"""Says that all is ready, and yields the orders of the supervisor until that is gone."""
Serve = Callable[[Word], Coroutine[Any, Any, None]]
"""Prepares to serve, and does what the orders say."""


class Loops:
    """The loops of one process. The loop that runs `run` only waits for them."""

    def __init__(self, serves: Sequence[Serve], factory: Factory) -> None:
        self._serves = serves
        self._factory = factory

    async def run(self, word: Word) -> None:
        """Serve on all loops as one is told. Raises what the first that cannot raises."""
        # One after the other: the first one imports the apps, and what fails there fails once.
        threads: list[_Thread] = []
        try:
            for serve in self._serves:
                threads.append(_Thread(serve, self._factory))
                await threads[-1].ready
            passing_on = asyncio.create_task(_pass_on(word(), threads))
            await asyncio.gather(*(thread.ended for thread in threads))
            passing_on.cancel()
        except BaseException:
            for thread in threads:
                thread.tell(None)
            raise


async def _pass_on(orders: Orders, threads: list[_Thread]) -> None:
    """Tell every thread what one is told, and at last that nobody is left to tell."""
    async for order in orders:
        for thread in threads:
            thread.tell(order)
    for thread in threads:
        thread.tell(None)


class _Thread:
    """One loop in its thread, as the main thread sees it."""

    def __init__(self, serve: Serve, factory: Factory) -> None:
        self._main = asyncio.get_running_loop()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._orders: asyncio.Queue[Message | None] | None = None
        self.ready: asyncio.Future[None] = self._main.create_future()
        self.ended: asyncio.Future[None] = self._main.create_future()
        threading.Thread(
            target=self._run, args=(serve, factory), name="snake-loop", daemon=True
        ).start()

    def tell(self, order: Message | None) -> None:
        """Give it an order; `None` to end at once. A loop that is not ready is left alone."""
        loop, orders = self._loop, self._orders
        if loop is not None and orders is not None:
            with suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(orders.put_nowait, order)

    def _run(self, serve: Serve, factory: Factory) -> None:
        """Be the thread."""
        failure: BaseException | None = None
        try:
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(serve(self._word))
        except BaseException as error:  # noqa: BLE001  (the main thread raises it)
            failure = error
        self._main.call_soon_threadsafe(self._over, failure)

    async def _word(self) -> Orders:
        self._loop = asyncio.get_running_loop()
        self._orders = asyncio.Queue()
        self._main.call_soon_threadsafe(_resolve, self.ready, None)
        while (order := await self._orders.get()) is not None:
            yield order

    def _over(self, failure: BaseException | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(failure or RuntimeError("a loop ended before it was ready"))
        if not self.ended.done():
            self.ended.set_result(None)


def _resolve(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)
