"""The supervisor: makes the sockets, starts the workers, waits for signals, drains.

It imports no code of the user and serves no traffic, so there is little that
can go wrong in it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from snake.engine import needs
from snake.engine.admin import AdminEndpoint
from snake.engine.again import Source
from snake.engine.cache import SharedCache
from snake.engine.configuration import Configuration
from snake.engine.folder import PrivateFolder
from snake.engine.front import urls
from snake.engine.generation import Generation
from snake.engine.herald import Herald, Ready
from snake.engine.loaded import Loaded
from snake.engine.reloads import Reloads
from snake.engine.service import Service
from snake.engine.signals import FAILED, FORCED, Signals
from snake.engine.sockets import Sockets
from snake.engine.spawner import Spawner, Started, spawn
from snake.fork.system import file_limit
from snake.python.plan import apps

if TYPE_CHECKING:
    from snake.admin.counts import Counts
    from snake.admin.endpoint import Endpoint
    from snake.metrics.report import Report

logger = logging.getLogger("snake")
http = logging.getLogger("snake.http.log")


_FEW_FILES = 1024
"""A limit of open files below this is warned of; nobody has less by default."""


class Terms(NamedTuple):
    """What whoever starts a server wants beside its document."""

    source: Source | None = None
    """What SIGUSR1 has read again."""
    watched: Source | None = None
    """What is read again whenever its files change."""
    herald: Herald | None = None
    """Who tells of the start in place of the log."""
    ready: Ready | None = None


async def supervise(loaded: Loaded, zygote: Started | None, terms: Terms) -> int:
    """Run a document until a signal says stop; return the exit code.

    Raises `ConfigError` and `StartError` when it cannot start.
    """
    signals = Signals()
    signals.install()
    service = Service()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(service.living())
        spawner = await stack.enter_async_context(Spawner(zygote or await spawn()))
        sockets = Sockets()
        stack.callback(sockets.close)
        folder = PrivateFolder()
        stack.callback(folder.close)
        cache = SharedCache(folder, spawner)
        stack.push_async_callback(cache.close)
        admin = AdminEndpoint(
            lambda: _endpoints(configuration, reloads, signals, admin.counts),
            terms.source.file if terms.source else "",
        )
        stack.push_async_callback(admin.aclose)
        reloads = Reloads(sockets, spawner, folder, cache, admin)
        configuration = Configuration(reloads, service)
        reloads.counting.report = partial(_report, configuration, reloads)
        stack.push_async_callback(reloads.aclose)
        if terms.herald is not None:
            stack.callback(terms.herald.close)
            terms.herald.starting([plan.name for plan in apps(loaded.document)])
        if not await _unless(signals.stop, configuration.start(loaded, terms.source)):
            fields = {"signal": signals.name}
            logger.warning("stopped before the workers were ready", extra={"fields": fields})
            return 0
        generation = reloads.generation
        if not generation.addresses:
            logger.warning("the configuration has no site, so nothing is served")
        _warn_of_few_files()
        listening = {str(address): sockets.bound(address) for address in generation.addresses}
        _announce(generation, listening, terms.herald)
        service.ready(f"serving, with {generation.workers} workers")
        admin.begin()
        if terms.ready is not None:
            terms.ready(list(listening.values()))
        await _unless(signals.stop, _follow(configuration, signals, terms.watched))
        service.stopping()
        try:
            await configuration.aclose()
            await admin.aclose()
            return await _stop(reloads, sockets, signals)
        except Exception:  # whatever it is, the processes are ended all the same
            logger.exception("the shutdown failed", extra={"fields": {"exit_code": FAILED}})
            return FAILED


async def _follow(configuration: Configuration, signals: Signals, watched: Source | None) -> None:
    """Run what comes, for ever."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(configuration.follow(signals.reload))
        if watched is not None:
            # Few servers watch files.
            from snake.engine.watcher import Watcher  # noqa: PLC0415

            tasks.create_task(Watcher(configuration, watched).run())


def _endpoints(
    configuration: Configuration, reloads: Reloads, signals: Signals, counts: Counts
) -> tuple[Endpoint, ...]:
    from snake.engine.endpoints import endpoints  # noqa: PLC0415  (when the workers serve)

    return endpoints(configuration, reloads, signals, counts)


def _report(configuration: Configuration, reloads: Reloads) -> Report:
    # Not before somebody asks.
    from snake.engine.reporting import Reporter  # noqa: PLC0415

    return Reporter(configuration, reloads).report()


async def _stop(reloads: Reloads, sockets: Sockets, signals: Signals) -> int:
    generation = reloads.generation
    logger.info("shutting down", extra={"fields": {"signal": signals.name}})
    if delay := needs.shutdown_delay(generation.document):
        logger.info("going on for the shutdown delay", extra={"fields": {"seconds": delay}})
        generation.announce(delay)
        await _unless(signals.quit, asyncio.sleep(delay))
    # The workers close their copies when they drain: then new connections are
    # refused at once, and do not wait for a process that will never take them.
    generation.let_go()
    sockets.close()
    graceful = await _unless(signals.quit, reloads.drain())
    if not graceful:
        await reloads.kill()
    code = 0 if graceful else FORCED
    logger.info("shutdown complete", extra={"fields": {"signal": signals.name, "exit_code": code}})
    return code


async def _unless(event: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Do the work unless the event comes first; tell whether it was done."""
    task = asyncio.create_task(work)
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        task.result()
        return True
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return False


def _warn_of_few_files() -> None:
    limit = file_limit()
    if limit is not None and limit < _FEW_FILES:
        logger.warning(
            "each process may open few files, so a worker has as few connections at once; "
            "raise the limit, by ulimit -n or LimitNOFILE of systemd",
            extra={"fields": {"limit": limit}},
        )


def _announce(generation: Generation, listening: Mapping[str, str], herald: Herald | None) -> None:
    if herald is not None:
        where = urls(needs.http(generation.document), listening)
        herald.serving(where, generation.views, generation.workers)
        return
    for name, server in needs.http(generation.document).servers.items():
        where = [listening[str(address)] for address in needs.single(server.listen)]
        http.info("server running", extra={"fields": {"name": name, "listen": where}})
    for view in generation.views:
        logger.info("app runs %s", view.place, extra={"fields": view.fields})
    fields = {
        "workers": generation.workers,
        "because": generation.reason,
        "pids": generation.pids,
    }
    logger.info("serving", extra={"fields": fields})
