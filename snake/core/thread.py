"""Work for a thread, so that the event loop goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Args = TypeVarTuple("Args")


async def in_thread(function: Callable[[Unpack[Args]], T], *args: *Args) -> T:
    """Call a function in a thread, and wait for what it returns."""
    # Directives are imported to adapt a Caddyfile too, and asyncio would be a tenth of that.
    import asyncio  # noqa: PLC0415

    return await asyncio.get_running_loop().run_in_executor(None, function, *args)
