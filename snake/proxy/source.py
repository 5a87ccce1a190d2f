"""Source: backends that are looked up while requests come, and kept for a while."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from snake.core.errors import SnakeError
from snake.http.request import Request
from snake.proxy.backend import Backend

log = logging.getLogger("snake.http.handlers.reverse_proxy")

_MOST = 100
"""How many names are remembered; more than one needs placeholders in the name (Caddy: 100)."""


class SourceError(SnakeError):
    """Backends cannot be looked up."""


class Source(Protocol):
    """Where the backends of a request come from."""

    def known(self, request: Request) -> Sequence[Backend] | None:
        """Return what is known already and still counts, else `None`."""
        ...

    async def find(self, request: Request) -> Sequence[Backend]:
        """Look them up. Raises `SourceError`."""
        ...

    def forget(self, request: Request) -> None:
        """Forget what is known, since one of the backends has failed."""
        ...


class Lookup:
    """Looks up one name at a time for all who wait, and remembers what was found."""

    def __init__(self, refresh: float, grace: float = 0) -> None:
        self._refresh = refresh
        self._grace = grace
        self._found: dict[str, tuple[float, Sequence[Backend]]] = {}
        self._running: dict[str, asyncio.Task[Sequence[Backend]]] = {}

    def known(self, name: str) -> Sequence[Backend] | None:
        """Return the backends of a name if they were looked up less than `refresh` ago."""
        found = self._found.get(name)
        return found[1] if found and time.monotonic() < found[0] else None

    async def find(
        self, name: str, look_up: Callable[[], Awaitable[Sequence[Backend]]]
    ) -> Sequence[Backend]:
        """Return the backends of a name. Raises `SourceError`.

        Requests that come meanwhile wait for the same answer; if one of them is
        given up, the others still get it.
        """
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(self._look_up(name, look_up))
            task.add_done_callback(lambda done: self._finished(name, done))
        return await asyncio.shield(task)

    def forget(self, name: str) -> None:
        """Look the name up anew the next time."""
        self._found.pop(name, None)

    async def _look_up(
        self, name: str, look_up: Callable[[], Awaitable[Sequence[Backend]]]
    ) -> Sequence[Backend]:
        old = self._found.get(name)
        try:
            backends = await look_up()
        except SourceError as error:
            if self._grace <= 0:
                raise
            _report("lookup failed; using what was found before", name, error)
            backends = old[1] if old else ()
            self._remember(name, backends, self._grace)
            return backends
        self._remember(name, backends, self._refresh)
        return backends

    def _remember(self, name: str, backends: Sequence[Backend], seconds: float) -> None:
        if name not in self._found and len(self._found) >= _MOST:
            del self._found[next(iter(self._found))]
        self._found[name] = time.monotonic() + seconds, backends

    def _finished(self, name: str, task: asyncio.Task[Sequence[Backend]]) -> None:
        self._running.pop(name, None)
        if not task.cancelled():
            task.exception()  # seen by those who waited, if any is left


class Found:
    """The backends of one name, which may have placeholders."""

    def __init__(
        self,
        lookup: Lookup,
        name: Callable[[Request], str],
        find: Callable[[Request], Awaitable[Sequence[Backend]]],
        *,
        forgetful: bool = False,
    ) -> None:
        self._lookup = lookup
        self._name = name
        self._find = find
        self._forgetful = forgetful

    def known(self, request: Request) -> Sequence[Backend] | None:
        """Return what was found for the name of this request, if it still counts."""
        return self._lookup.known(self._name(request))

    async def find(self, request: Request) -> Sequence[Backend]:
        """Look the name of this request up. Raises `SourceError`."""
        return await self._lookup.find(self._name(request), lambda: self._find(request))

    def forget(self, request: Request) -> None:
        """Look up anew the next time, if that is how this source goes."""
        if self._forgetful:
            self._lookup.forget(self._name(request))


class Several:
    """The backends of several sources, one after another; one that fails is passed over."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    def known(self, request: Request) -> Sequence[Backend] | None:
        """Return what all know already; `None` if one has to be asked."""
        backends: list[Backend] = []
        for source in self._sources:
            known = source.known(request)
            if known is None:
                return None
            backends += known
        return backends

    async def find(self, request: Request) -> Sequence[Backend]:
        """Ask all that do not know."""
        backends: list[Backend] = []
        for index, source in enumerate(self._sources):
            try:
                known = source.known(request)
                found = await source.find(request) if known is None else known
            except SourceError as error:
                _report("upstream source failed", str(index), error)
                continue
            if not found:
                log.warning("upstream source found nothing", extra={"fields": {"source": index}})
            backends += found
        return backends

    def forget(self, request: Request) -> None:
        """Change nothing, as Caddy: what each has found stays until its time is over."""


def _report(message: str, name: str, error: Exception) -> None:
    log.log(logging.ERROR, message, extra={"fields": {"name": name, "error": str(error)}})
