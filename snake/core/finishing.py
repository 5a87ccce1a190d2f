"""Finishing: what must not be left half done when who does it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def to_the_end(cleaning: Coroutine[Any, Any, None]) -> None:
    """Wait for something that ends by itself soon; who is cancelled meanwhile ends after it."""
    task = asyncio.ensure_future(cleaning)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
