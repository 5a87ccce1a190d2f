"""Reloads: the generation that runs, and how another one takes its place.

::

    read ─▶ open logs ─▶ make ─▶ open sockets ─▶ start ─▶ switch ─▶ drain the old one, aside
      └────────┴───────────┴─────────┴────────────┘ what fails: all of it is undone, the old one
                                                    serves on as if nothing had been

No connection is lost. Both generations accept from the same sockets, so what waits there for
the old workers is taken by the new ones. On a connection that is open an old worker answers
what still comes, and says that it is the last answer; for some seconds it leaves even those open
on which nothing is asked, since a request may be on its way.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple

from snake.config.document import Document
from snake.core.modules import Context
from snake.core.network import NetworkAddress
from snake.engine.admin import AdminEndpoint
from snake.engine.automatic import Effective, effective, with_loaded
from snake.engine.cache import SharedCache
from snake.engine.counting import Counting
from snake.engine.folder import PrivateFolder
from snake.engine.generation import Generation
from snake.engine.place import LINGER
from snake.engine.sockets import Sockets
from snake.engine.spawner import Spawner
from snake.engine.warm import registry
from snake.logs.app import Logs, open_logs
from snake.logs.keeping import Care
from snake.python.plan import apps
from snake.tls.challenge import Desk

if TYPE_CHECKING:
    from snake.engine.certificates import Certificates

logger = logging.getLogger("snake")


class _Current(NamedTuple):
    """What runs."""

    generation: Generation
    logs: Logs
    stack: AsyncExitStack
    """Closes its logs."""


async def _certificates(ctx: Context, runs: Effective, desk: Desk) -> Certificates | None:
    """Provision what gets certificates, if the document needs any."""
    if not runs.has_certificates:
        return None
    # Not before someone needs it: it is half of a supervisor's imports.
    from snake.engine.certificates import Certificates  # noqa: PLC0415

    return await Certificates.provision(ctx, runs, desk)


class Reloads:
    """Runs one document at a time. `load` replaces it; `Configuration` sees that one waits."""

    def __init__(
        self,
        sockets: Sockets,
        spawner: Spawner,
        folder: PrivateFolder,
        cache: SharedCache,
        admin: AdminEndpoint,
    ) -> None:
        self._sockets = sockets
        self._spawner = spawner
        self._folder = folder
        self._cache = cache
        self._admin = admin
        self._desk = Desk()
        self.counting = Counting()
        self._current: _Current | None = None
        self._draining: dict[asyncio.Task[None], Generation] = {}

    @property
    def draining(self) -> list[Generation]:
        """Those that have been replaced, and answer what they still have."""
        return list(self._draining.values())

    @property
    def generation(self) -> Generation:
        """The one that serves. There is one after the first `load`."""
        assert self._current is not None  # noqa: S101  (the caller's bug)
        return self._current.generation

    def bound(self, address: NetworkAddress) -> str:
        """Return where an address of the generation is really listened on."""
        return self._sockets.bound(address)

    async def load(self, document: Document) -> None:
        """Run a document in place of the one that runs.

        Returns when its workers serve; the old ones may drain for long after that. Raises
        `ConfigError` and `StartError`: then nothing has changed.
        """
        old = self._current
        entrance = self._admin.open(document, apps(document))
        try:
            new = await self._start(document)
        except BaseException:
            entrance.undo()
            raise
        self._current = new
        new.generation.keep()
        self._admin.use(entrance, new.generation.remote)
        if old is not None:
            self._drain(old.generation, LINGER)
            await old.generation.left()  # what connects from now on sees the new document
            self._sockets.close(old.generation.addresses.keys() - new.generation.addresses)
            await old.stack.aclose()
            new.logs.install()  # closing the old ones has brought back the default

    async def _start(self, document: Document) -> _Current:
        """Start the workers of a document, and leave nothing when that fails."""
        async with AsyncExitStack() as stack:
            if self._current is not None:
                stack.callback(self._current.logs.install)
            own = await stack.enter_async_context(AsyncExitStack())
            ctx = Context(registry(), own, {Care: Care()})
            logs = await open_logs(ctx.at("logging"), document.logging)
            if self._current is not None:  # until all is well it is the old one that speaks
                self._current.logs.install()
            runs = effective(document)
            with runs.placing():
                certificates = await _certificates(ctx, runs, self._desk)
            if certificates is not None:
                stack.push_async_callback(certificates.aclose)
                if certificates.remote is not None:
                    stack.callback(self._admin.open_remote(certificates.remote))
                runs = with_loaded(document, certificates.has_loaded)
            with runs.placing():
                generation = await self._generation(stack, runs, certificates)
            stack.pop_all()
            return _Current(generation, logs, own)

    async def _generation(
        self, stack: AsyncExitStack, runs: Effective, certificates: Certificates | None
    ) -> Generation:
        """Start the workers of an effective document; `stack` ends them."""
        generation = Generation(
            runs.document, self._folder, self._cache, certificates, self.counting
        )
        stack.push_async_callback(generation.kill)
        opening = generation.listen(self._sockets)
        stack.callback(opening.undo)
        await generation.start(self._sockets, self._spawner)
        opening.complete()
        return generation

    def _drain(self, generation: Generation, linger: float) -> None:
        generation.let_go()
        task = asyncio.create_task(generation.drain(linger))
        self._draining[task] = generation
        task.add_done_callback(self._drained)

    def _drained(self, task: asyncio.Task[None]) -> None:
        del self._draining[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("old workers did not end as they should", exc_info=error)

    async def drain(self) -> None:
        """Let all workers finish their requests and end, those that drain already as well."""
        self.generation.let_go()
        for generation in self._draining.values():
            generation.hasten()
        await asyncio.gather(self.generation.drain(), *self._draining)

    async def kill(self) -> None:
        """End every worker now."""
        others = list(self._draining.values())
        for task in list(self._draining):
            task.cancel()
        await asyncio.gather(self.generation.kill(), *(each.kill() for each in others))

    async def aclose(self) -> None:
        """Close the logs, and what was counted."""
        self.counting.ledger.close()
        if self._current is not None:
            with suppress(Exception):
                await self._current.stack.aclose()
