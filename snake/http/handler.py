"""The shape of an HTTP handler, and how handlers make a chain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from snake.core.modules import Context, Module
from snake.http.request import Request
from snake.transport.asgi import ASGIApp, Message, Receive, Scope, Send

__all__ = [
    "ASGIApp",
    "Handler",
    "HandlerModule",
    "Linked",
    "Message",
    "Next",
    "Receive",
    "Scope",
    "Send",
    "chain",
]

Next = Callable[[Request, Send], Awaitable[None]]
"""What follows in the chain: a function that returns an awaitable."""


class Handler(Protocol):
    """Answers, or changes the request or response and calls `next`.

    To change the response, pass `next` a `send` of your own. To fail, raise
    `HandlerError`: the error routes answer then.
    """

    def __call__(self, request: Request, send: Send, next: Next) -> Awaitable[None]:
        """Handle one request."""
        ...


class Linked(ABC):
    """A handler that is better bound to what follows it once than per request."""

    @abstractmethod
    def link(self, after: Next) -> Next:
        """Return this handler bound to `after`."""

    def __call__(self, request: Request, send: Send, next: Next) -> Awaitable[None]:
        """Handle one request; for callers that have `next` only now."""
        return self.link(next)(request, send)


class HandlerModule(Module):
    """The base of modules in `http.handlers`."""

    async def provision(self, ctx: Context) -> Handler:
        """Return the handler."""
        handler: Handler = await super().provision(ctx)
        return handler


def chain(handler: Handler, after: Next) -> Next:
    """Bind `handler` to what follows it.

    A handler that holds routes of its own links them to `after` here, once; see `Linked`.
    """
    if isinstance(handler, Linked):
        return handler.link(after)
    return partial(handler, next=after)
