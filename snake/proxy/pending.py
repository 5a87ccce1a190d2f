"""Pending: what one request waits for: interim responses, and the final one."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from snake.proxy.contract import UpstreamError

R = TypeVar("R")


class Pending(Generic[R]):
    """Takes what a connection reads for one request; the connection may go on to the next."""

    __slots__ = ("_failure", "_loop", "_next", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._next: asyncio.Future[R | None] | None = None
        self._waiting: deque[R] | None = None
        self._failure: Exception | None = None

    def put(self, response: R) -> None:
        """Take the next response."""
        if self._next is not None and not self._next.done():
            self._next.set_result(response)
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(response)

    def fail(self, error: Exception) -> None:
        """Say that nothing more comes."""
        self._failure = self._failure or error
        if self._next is not None and not self._next.done():
            self._next.set_result(None)

    async def next(self) -> R:
        """Return the next response. Raises what `fail` was given."""
        if self._waiting:
            return self._waiting.popleft()
        if self._failure is None:
            self._next = self._loop.create_future()
            response = await self._next
            if response is not None:
                return response
        raise self._failure or UpstreamError("the connection failed")
