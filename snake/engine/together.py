"""Do several things at once, all or none."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable


async def all_of(works: Iterable[Coroutine[None, None, None]]) -> None:
    """Wait for all; at the first failure cancel the rest, see that happen, and raise it."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        raise
