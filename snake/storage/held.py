"""A lock that is held: it is kept fresh, and who has lost it does no more under it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from snake.storage.storage import StorageError


@asynccontextmanager
async def held(
    name: str, refresh: Callable[[], Awaitable[bool]], *, every: float, lease: float
) -> AsyncIterator[None]:
    """Refresh a lock every so many seconds while the block runs.

    `refresh` tells whether the lock is still this one's; it may raise `StorageError` for up to
    `lease` seconds. The block of a lock that is lost is cancelled, and becomes a `StorageError`:
    somebody else is doing by now what it did.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  (a coroutine runs in one)
    cancelled = task.cancelling()
    keeper = asyncio.create_task(_kept(refresh, every, lease, task))
    try:
        yield
    except asyncio.CancelledError:
        if keeper.done() and not keeper.cancelled() and task.uncancel() <= cancelled:
            raise StorageError(f"the lock {name} was lost: {keeper.result()}") from None
        raise
    finally:
        keeper.cancel()


async def _kept(
    refresh: Callable[[], Awaitable[bool]], every: float, lease: float, task: asyncio.Task[Any]
) -> str:
    """Refresh until the lock is lost; cancel the task then, and return why."""
    end = time.monotonic() + lease
    reason = ""
    while not reason:
        await asyncio.sleep(every)
        try:
            if await refresh():
                end = time.monotonic() + lease
            else:
                reason = "somebody else has it, as it was not refreshed in time"
        except StorageError as error:
            if time.monotonic() >= end:
                reason = str(error)
    task.cancel()
    return reason
