"""How apps are started: as tasks, which from Python 3.12 on begin at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from snake.transport.asgi import Receive, Scope, Send

Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


def starter(loop: asyncio.AbstractEventLoop) -> Start:
    """Return the function that runs a coroutine as a task.

    Where it can, it runs the coroutine at once up to where it first waits, so that an app that
    never waits costs no turn of the loop.
    """
    if sys.version_info >= (3, 12):
        return partial(asyncio.Task, loop=loop, eager_start=True)
    return loop.create_task


async def answer_options(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `OPTIONS *`, which asks about the server and no resource (RFC 9110 §9.3.7)."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body"})
