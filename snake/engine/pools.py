"""Pools: those of one document, and by which sockets its workers reach them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path

import msgspec

from snake.config.document import Document
from snake.core.errors import DocumentError, StartError
from snake.engine.cache import Addresses, namespace
from snake.engine.cache_thread import ThreadCache
from snake.engine.folder import PrivateFolder
from snake.engine.nursery import Nursery
from snake.engine.overview import AppView, overview
from snake.engine.pool import Pool
from snake.engine.process import Asker
from snake.engine.starts import Starts
from snake.engine.tenants import Tenants
from snake.engine.together import all_of
from snake.fork.channel import Message, Want
from snake.python.plan import AppPlan, apps
from snake.python.pools import Address, Pools, encode

logger = logging.getLogger("snake")


class AppPools:
    """The pools of one generation: one for each app that is in none of its workers."""

    def __init__(
        self,
        plans: list[AppPlan],
        folder: PrivateFolder,
        grace: float | None,
        cache: Addresses | None = None,
        starts: Starts | None = None,
    ) -> None:
        """Make the pools; nothing is started yet. Raises `StartError` at the app's place."""
        self._pools: dict[bytes, Pool] = {}
        self._paths: dict[bytes, str] = {}
        self._keys: dict[str, bytes] = {}
        self._addresses: dict[str, Address] = {}
        self._tenants: dict[bytes, Tenants] = {}
        self._choosers: dict[str, Tenants] = {}
        self._folder = folder
        self._cwd = Path.cwd()
        self._grace = grace
        self._cache = cache
        self._nursery = Nursery()
        self._starts = starts or Starts()
        with ExitStack() as undo:
            for plan in plans:
                if plan.placed.pooled:
                    self._add(plan, undo)
            undo.pop_all()

    def _add(self, plan: AppPlan, undo: ExitStack) -> None:
        key = msgspec.json.encode(plan.placed.fields, order="deterministic")
        if plan.placed.fields.dynamic:
            if key not in self._tenants:
                make = partial(self._make, written=plan)
                self._tenants[key] = Tenants(plan, make, self._cwd)
            self._choosers[plan.path] = self._tenants[key]
            return
        if key not in self._pools:
            self._pools[key] = self._make(plan, written=plan)
            undo.callback(self._pools[key].close)
            self._paths[key] = plan.path
        self._keys[plan.path] = key
        self._addresses[plan.path] = self._pools[key].address

    def _make(self, plan: AppPlan, tenant: str = "", *, written: AppPlan) -> Pool:
        """Make a pool with a folder of its own, of an app as it is `written`. Raises `StartError`.

        A tenant, which has a name that no other has, sees nothing of others in the cache.
        """
        cache = self._cache
        own_keys = sha256(tenant.encode()).hexdigest() if tenant else namespace(plan.placed.fields)
        url = "" if cache is None else cache.url(own_keys)
        try:
            pool = Pool(
                plan,
                self._folder.path,
                self._cwd,
                self._grace,
                cache=url,
                nursery=self._nursery if tenant else None,
            )
        except DocumentError as error:
            raise StartError(error.message, error.path or plan.path) from None
        pool.started = self._starts.of_app(written.name, written.placed.fields.working_dir)
        return pool

    @property
    def told(self) -> str:
        """What workers are told of them."""
        return encode(self._addresses)

    @property
    def pythons(self) -> dict[str, str]:
        """The version of the interpreter of each, by the places of the handlers."""
        return {path: self._pools[key].python for path, key in self._keys.items()}

    def of(self, path: str) -> dict[str, Pool]:
        """Return the pools of the handler at a place, by who chose them: those of requests many."""
        if path in self._choosers:
            return self._choosers[path].pools
        return {"": self._pools[self._keys[path]]} if path in self._keys else {}

    def hear(self, message: Message, asker: Asker) -> None:
        """Take what a worker says of the apps that its requests choose."""
        if isinstance(message, Want):
            if (tenants := self._choosers.get(message.place)) is not None:
                tenants.hear(message, asker)
            return
        for tenants in self._tenants.values():
            tenants.hear(message, asker)

    async def start(self) -> None:
        """Start all pools at once. Raises the first `StartError`, at its app's place."""
        await all_of([self._start(key) for key in self._pools])

    async def _start(self, key: bytes) -> None:
        try:
            await self._pools[key].start()
        except DocumentError as error:
            raise type(error)(error.message, error.path or self._paths[key]) from None

    def keep(self) -> None:
        """Let all processes serve, and from now on replace those that die."""
        for pool in self._pools.values():
            pool.keep()

    def let_go(self) -> None:
        """Start no more processes."""
        for pool in self._pools.values():
            pool.let_go()
        for tenants in self._tenants.values():
            tenants.let_go()

    async def drain(self) -> None:
        """Let every process finish its requests and end."""
        await asyncio.gather(
            *(pool.drain() for pool in self._pools.values()),
            *(tenants.drain() for tenants in self._tenants.values()),
        )
        await self._nursery.close()

    async def kill(self) -> None:
        """End every process now."""
        await asyncio.gather(
            *(pool.kill() for pool in self._pools.values()),
            *(tenants.kill() for tenants in self._tenants.values()),
        )
        await self._nursery.close()


async def trial(document: Document, stack: AsyncExitStack) -> tuple[Pools, list[AppView]]:
    """Start the pools of a document for as long as `stack` lasts.

    For a process that is supervisor and worker in one. Returns how they are reached, and the view
    of every app. Raises `ConfigError` and `StartError`.
    """
    folder = PrivateFolder()
    stack.callback(folder.close)
    plans = apps(document)
    cache = ThreadCache(folder)
    stack.push_async_callback(cache.close)
    if plans:
        cache.tell()
    pools = AppPools(plans, folder, 0.0, cache)
    stack.push_async_callback(pools.kill)
    await pools.start()
    pools.keep()
    loop = asyncio.get_running_loop()
    here = _Here()

    def tell(message: Message) -> None:
        loop.call_soon(pools.hear, message, here)

    reached = await stack.enter_async_context(Pools.decode(pools.told, tell))
    here.hear = reached.hear
    return reached, overview(plans, pools.pythons)


class _Here:
    """A worker that is the supervisor's own process."""

    is_gone = False

    def __init__(self) -> None:
        self.hear: Callable[[Message], None] | None = None

    def send(self, message: Message) -> None:
        """Tell it something, soon."""
        if self.hear is not None:
            asyncio.get_running_loop().call_soon(self.hear, message)
