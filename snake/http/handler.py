"""The shape of an HTTP handler, and how handlers make a chain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Protocol

from snake.core.modules import Context, Module
from snake.http.request import Request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

Next = Callable[[Request, Send], Awaitable[None]]
"""What follows in the chain. A plain function that returns an awaitable, or a coroutine function."""


class Handler(Protocol):
    """Answers, or changes the request or response and calls `next`.

    To change the response, pass `next` a `send` of your own. To fail, raise
    `HandlerError`: the error routes answer then.
    """

    def __call__(self, request: Request, send: Send, next: Next) -> Awaitable[None]:
        """Handle one request."""
        ...


class HandlerModule(Module):
    """The base of modules in `http.handlers`."""

    async def provision(self, ctx: Context) -> Handler:
        """Return the handler."""
        raise NotImplementedError


def chain(handler: Handler, after: Next) -> Next:
    """Bind `handler` to what follows it."""
    return partial(handler, next=after)  # type: ignore[return-value, call-arg]
