"""counted: a handler whose requests are counted."""

from __future__ import annotations

from collections.abc import Callable

from snake.http.handler import Handler, Next, Send
from snake.http.request import Request


def counted(handler: Handler, count: Callable[[], None]) -> Handler:
    """Return a handler that counts each request at its end."""

    async def counting(request: Request, send: Send, next: Next) -> None:
        try:
            await handler(request, send, next)
        finally:
            count()

    return counting
