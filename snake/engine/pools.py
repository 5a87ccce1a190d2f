"""Pools: those of one document, and by which sockets its workers reach them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import msgspec

from snake.config.document import Document
from snake.core.errors import DocumentError, StartError
from snake.engine.cache import Addresses, namespace
from snake.engine.cache_thread import ThreadCache
from snake.engine.folder import PrivateFolder
from snake.engine.overview import AppView, overview
from snake.engine.pool import Pool
from snake.engine.together import all_of
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
    ) -> None:
        """Make the pools; nothing is started yet. Raises `StartError` at the app's place."""
        self._pools: dict[bytes, Pool] = {}
        self._paths: dict[bytes, str] = {}
        self._keys: dict[str, bytes] = {}
        self._addresses: dict[str, Address] = {}
        cwd = Path.cwd()
        with ExitStack() as undo:
            for plan in plans:
                if not plan.placed.pooled or plan.placed.fields.dynamic:
                    continue
                key = msgspec.json.encode(plan.placed.fields, order="deterministic")
                if key not in self._pools:
                    url = "" if cache is None else cache.url(namespace(plan.placed.fields))
                    try:
                        self._pools[key] = Pool(plan, folder.path, cwd, grace, url)
                    except DocumentError as error:
                        raise StartError(error.message, error.path or plan.path) from None
                    undo.callback(self._pools[key].close)
                    self._paths[key] = plan.path
                self._keys[plan.path] = key
                self._addresses[plan.path] = self._pools[key].address
            undo.pop_all()

    @property
    def told(self) -> str:
        """What workers are told of them."""
        return encode(self._addresses)

    @property
    def pythons(self) -> dict[str, str]:
        """The version of the interpreter of each, by the places of the handlers."""
        return {path: self._pools[key].python for path, key in self._keys.items()}

    @property
    def pids(self) -> dict[str, list[int]]:
        """The processes of each app."""
        return {pool.name: pool.pids for pool in self._pools.values()}

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

    async def drain(self) -> None:
        """Let every process finish its requests and end."""
        await asyncio.gather(*(pool.drain() for pool in self._pools.values()))

    async def kill(self) -> None:
        """End every process now."""
        await asyncio.gather(*(pool.kill() for pool in self._pools.values()))


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
    reached = await stack.enter_async_context(Pools.decode(pools.told))
    return reached, overview(plans, pools.pythons)
