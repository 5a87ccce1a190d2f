"""Ending: how a server stops, over TCP and over QUIC.

::

    linger ─▶ close what is idle ─▶ tell WebSockets ─▶ cut off ─▶ wait for tunnels that may go on
      others take over                 shortly before the grace period ends
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from math import inf
from typing import Any, Protocol

log = logging.getLogger("snake.http")

GOODBYE = 1.0
"""Seconds in which the last bytes can be written, and a cancelled task can end."""


class Leaving(Protocol):
    """A client's connection, when its server stops."""

    def warn(self) -> None:
        """Let the client know that it had better ask elsewhere, and tunnels that they end."""
        ...

    def tell_tunnels(self, *, websockets: bool) -> None:
        """Tell what handlers have taken over, and WebSockets, that the server wants to stop."""
        ...

    def drain(self, *, websockets: bool = True) -> None:
        """Close when nothing is being asked; tell tunnels as `tell_tunnels` does."""
        ...

    def cut(self) -> float:
        """Close at once, but for tunnels that may go on; return until when they may, or 0."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


class Ending(ABC):
    """A server that can be stopped, with or without another one that has taken over."""

    def __init__(self) -> None:
        self.patience = 0.0
        """For how many seconds tunnels are left alone that are told to end."""
        self.tasks: set[asyncio.Task[Any]] = set()
        """What runs, and outlives its connection perhaps."""
        self._hurry = asyncio.Event()

    @abstractmethod
    def clients(self) -> Iterable[Leaving]:
        """Return the connections that there are now."""

    @abstractmethod
    def close_idle(self, *, websockets: bool) -> None:
        """Close what waits for nothing."""

    @abstractmethod
    async def emptied(self) -> None:
        """Wait until there is no connection."""

    async def leave(self, grace: float | None, linger: float) -> None:
        """Let what is being answered finish, and close the rest; no new client comes any more.

        Clients that ask nothing are kept for `linger` seconds, since a request may be on its way,
        but told to go elsewhere. After `grace` seconds (`None`: never) what is left is cut off.
        WebSockets are told to end before that, or when lingering is over if it never comes. Who
        lingers is replaced by another: tunnels may then go on for as long as they have asked for.
        """
        loop = asyncio.get_running_loop()
        self.patience = inf if linger else 0.0
        end = None if grace is None else loop.time() + grace
        last_call = inf if end is None else end - min(GOODBYE, (grace or 0.0) / 2)
        if linger:
            for client in self.clients():
                client.warn()
            await self._linger(min(loop.time() + linger, last_call))
        self.close_idle(websockets=not linger or end is None)
        if linger and end is not None:
            await self._linger(last_call)
            self.close_idle(websockets=True)
        try:
            async with asyncio.timeout_at(end):
                await self._finished()
        except TimeoutError:
            await self._cut_off()

    def hasten(self) -> None:
        """Linger no longer, and have tunnels do so as well."""
        self._hurry.set()
        if self.patience:
            self.patience = 0.0
            for client in self.clients():
                client.tell_tunnels(websockets=False)

    async def _linger(self, until: float) -> None:
        """Wait until then, but not when there is hurry, nor for nobody."""
        seconds = until - asyncio.get_running_loop().time()
        ends = [asyncio.ensure_future(each) for each in (self._finished(), self._hurry.wait())]
        await asyncio.wait(ends, timeout=max(seconds, 0.0), return_when=asyncio.FIRST_COMPLETED)
        for each in ends:
            each.cancel()

    async def _finished(self) -> None:
        await self.emptied()
        while self.tasks:
            await asyncio.wait(set(self.tasks))

    async def _cut_off(self) -> None:
        if left := max([client.cut() for client in self.clients()], default=0.0):
            with suppress(TimeoutError):
                async with asyncio.timeout_at(left + GOODBYE):
                    await self.emptied()
        for client in self.clients():
            client.abort()
        for task in list(self.tasks):
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await self._finished()
        if self.tasks:
            log.warning("%d requests do not let themselves be cancelled", len(self.tasks))
