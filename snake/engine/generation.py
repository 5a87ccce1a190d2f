"""Generation: one document with the workers that run it.

A new configuration is a new generation beside the old one, on the same sockets
where both listen. Only when all of it is ready does the old one drain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from snake.config.document import Document, encode
from snake.core.errors import StartError
from snake.engine import needs
from snake.engine.cache import SharedCache
from snake.engine.counting import Counting
from snake.engine.folder import PrivateFolder, meeting_place
from snake.engine.overview import AppView, by_view
from snake.engine.place import Place
from snake.engine.pools import AppPools
from snake.engine.preloaded import preloaded
from snake.engine.process import Work
from snake.engine.sockets import ListenError, Opening, Sockets
from snake.engine.spawner import Spawner
from snake.engine.state import GENERATION, Event, State, after
from snake.engine.together import all_of
from snake.fork.channel import Message
from snake.metrics.ledger import Sheets
from snake.python import plan

if TYPE_CHECKING:
    from snake.engine.certificates import Certificates
    from snake.engine.remote import Remote


_LEAVING = 3.0
"""Seconds in which a worker whose event loop turns has heard that it should drain."""


class Generation:
    """Its life is the table `state.GENERATION`."""

    def __init__(
        self,
        document: Document,
        folder: PrivateFolder,
        cache: SharedCache | None = None,
        certificates: Certificates | None = None,
        counting: Counting | None = None,
    ) -> None:
        """Read what is needed of the document. Raises `ConfigError`.

        The certificates are the generation's from now on, and closed with it.
        """
        self.document = document
        self.apps = plan.apps(document)
        self.workers, self.reason = plan.processes(self.apps)
        datagrams = needs.datagram_addresses(document)
        self.addresses = needs.addresses(document) | datagrams
        if not self.addresses:
            self.workers, self.reason = 0, "there is no site"
        self._meeting = str(meeting_place(folder.path)) if datagrams else ""
        self._start_limit = plan.start_limit(plan.embedded(self.apps))
        self._grace = needs.grace_period(document)
        self.certificates = certificates
        self._tickets = needs.tickets(document)
        self._cache = cache.url() if cache is not None and self.apps else ""
        self._counting = counting or Counting()
        self.pools = AppPools(self.apps, folder, self._grace, cache, self._counting.starts)
        self.state = State.IDLE
        self.places: list[Place] = []
        """Those of its workers."""
        self._sheets: Sheets | None = None
        self._stack = AsyncExitStack()

    @property
    def pids(self) -> list[int]:
        """The processes of the workers that serve now."""
        return [place.pid for place in self.places if place.pid is not None]

    @property
    def remote(self) -> Remote | None:
        """The admin API for other machines, if there is one."""
        return self.certificates.remote if self.certificates is not None else None

    @property
    def views(self) -> list[AppView]:
        """What there is to know of every app, once all have started."""
        return list(self.places_of_apps)

    @property
    def places_of_apps(self) -> dict[AppView, list[str]]:
        """The places of the handlers of every app, in the document."""
        return by_view(self.apps, self.pools.pythons)

    def listen(self, sockets: Sockets) -> Opening:
        """Listen on all addresses, for each worker. Raises `StartError`."""
        try:
            return sockets.open(self.addresses, self.workers)
        except ListenError as error:
            raise StartError(error.message, self.addresses[error.address]) from None

    async def start(self, sockets: Sockets, spawner: Spawner) -> None:
        """Start all workers at once, and wait until all are ready; they do not serve yet.

        Raises the first worker's `StartError`; no worker is left then.
        """
        self._on(Event.LOAD)
        document = encode(self.document)
        self._sheets = self._counting.ledger.open(self.workers)
        try:
            if plan.preloads(self.apps):
                spawner = await self._stack.enter_async_context(
                    await preloaded(spawner, document.decode(), self._cache, self._tickets)
                )
            for work in self._works(sockets, document.decode()):
                self.places.append(Place(work, spawner, _nothing))
            await all_of([self.pools.start(), *(place.start() for place in self.places)])
        except BaseException:
            await self.kill()
            raise
        self._on(Event.READY)

    def keep(self) -> None:
        """Let all workers serve, and from now on replace those that die."""
        self.pools.keep()
        for place in self.places:
            place.keep()
        if self.certificates is not None:
            self.certificates.begin(self._tell)

    def _tell(self, message: Message) -> None:
        for place in self.places:
            place.tell(message)

    def _works(self, sockets: Sockets, document: str) -> Iterator[Work]:
        """Yield what each process is given: one loop, or all of them."""
        count = self.workers
        loops = [sockets.of_worker(self.addresses, index, count) for index in range(count)]
        size = self.workers if plan.in_threads(self.apps) else 1
        for first in range(0, self.workers, size):
            yield Work(
                document=document,
                index=first,
                loops=loops[first : first + size],
                start_limit=self._start_limit,
                grace=self._grace,
                tunnels=needs.longest_tunnels(document.encode()),
                figures=self._sheets,
                pools=self.pools.told,
                cache=self._cache,
                desk=self.pools.hear,
                keys=self._told,
                meeting=self._meeting,
                seeker=self.certificates.hear if self.certificates is not None else None,
                tickets=self._tickets,
                fields={"worker": first},
                started=self._counting.starts.of_worker(first),
                clerk=self._counting.answer,
            )

    def _told(self) -> str:
        """Return what a worker is told of certificates when it starts."""
        return self.certificates.told if self.certificates is not None else ""

    def announce(self, seconds: float) -> None:
        """Tell every worker when it will be drained."""
        for place in self.places:
            place.announce(seconds)

    def let_go(self) -> None:
        """Start no more workers: the sockets are about to be closed."""
        self.pools.let_go()
        for place in self.places:
            place.let_go()

    async def drain(self, linger: float = 0.0) -> None:
        """Let every worker finish its requests and end.

        For `linger` seconds connections are left open that wait for a request.
        """
        self._on(Event.DRAIN)
        if self.certificates is not None:
            self.certificates.rest()
        await asyncio.gather(*(place.drain(linger) for place in self.places))
        await self.pools.drain()
        if self.certificates is not None and linger:  # another generation goes on
            await self.certificates.finish()
        self._on(Event.GONE)
        await self._close()

    async def left(self) -> None:
        """Wait until no worker takes new connections any more, for a few seconds at most."""
        leaving = [asyncio.create_task(place.left()) for place in self.places]
        if leaving:
            await asyncio.wait(leaving, timeout=_LEAVING)
        for task in leaving:
            task.cancel()

    def hasten(self) -> None:
        """Leave no connection open any longer that waits for a request; while draining."""
        for place in self.places:
            place.hasten()

    async def kill(self) -> None:
        """End every worker now."""
        self._on(Event.STOP)
        await asyncio.gather(*(place.kill() for place in self.places), self.pools.kill())
        await self._close()

    async def _close(self) -> None:
        if self.certificates is not None:
            await self.certificates.aclose()
        await self._stack.aclose()
        if self._sheets is not None:
            self._sheets.close()

    def _on(self, event: Event) -> None:
        self.state = after(GENERATION, self.state, event)


def _nothing(message: Message) -> None:
    del message
