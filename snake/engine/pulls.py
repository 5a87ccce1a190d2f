"""Pulls: a configuration that says where the next one is, which is fetched and run.

Without `load_delay` it is fetched before the one that names it runs, and run right after that;
a server that cannot be reached fails the load. With it, it is fetched again and again until there
is another one, and that says how it goes on. What Caddy gives up, one that cannot run, is tried
again as well.
Source: https://caddyserver.com/docs/json/admin/config/.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

from snake.admin.loaders import NAMESPACE, Loader, Pulled
from snake.admin.media_type import MediaTypeError, media_type
from snake.config.document import Document
from snake.config.struct import seconds
from snake.core.errors import ConfigError, SnakeError
from snake.core.modules import Context
from snake.engine.again import adapt
from snake.engine.loaded import Loaded
from snake.engine.source import decoded
from snake.engine.warm import registry

logger = logging.getLogger("snake.config_loader")

MOST_AT_ONCE = 10
"""Configurations in a row that may load another one without a delay."""

Run = Callable[[Loaded], Awaitable[bool]]
"""Runs a document, and tells whether it is another one. Raises `SnakeError`."""


class Pulls:
    """The pulls of one document at a time."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._task: asyncio.Task[None] | None = None
        self._in_a_row = 0

    async def ahead(self, document: Document) -> Pull | None:
        """Make ready for what a document loads, before it runs. Raises `SnakeError`."""
        admin = document.admin.config if document.admin is not None else None
        if admin is None or admin.load is None:
            return None
        async with AsyncExitStack() as stack:
            ctx = Context(registry(), stack, path="admin/config/load")
            loader = await ctx.load(admin.load, namespace=NAMESPACE, key="module")
        delay = seconds(admin.load_delay, "admin/config/load_delay") or 0.0
        fields: dict[str, object] = {"module": "http", "load_delay": admin.load_delay}
        if delay > 0:
            return Pull(loader, delay, fields, None)
        if self._in_a_row >= MOST_AT_ONCE:
            message = f"{MOST_AT_ONCE} configurations in a row load another one; give a load_delay"
            raise ConfigError(message, "admin/config/load")
        try:
            return Pull(loader, 0.0, fields, await loader.load())
        except SnakeError as error:
            raise ConfigError(f"cannot load the configuration: {error}", ctx.path) from None

    def begin(self, pull: Pull | None) -> None:
        """Pull as this says, and no longer as the document before said."""
        before, self._task = self._task, None
        if before is not None and before is not asyncio.current_task():
            before.cancel()
        self._in_a_row = self._in_a_row + 1 if pull is not None and pull.pulled else 0
        if pull is not None:
            self._task = asyncio.create_task(pull.follow(self._run))

    async def aclose(self) -> None:
        """Pull no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class Pull:
    """What one document loads."""

    def __init__(
        self, loader: Loader, delay: float, fields: dict[str, object], pulled: Pulled | None
    ) -> None:
        self._loader = loader
        self._delay = delay
        self._told = {"fields": fields}
        self.pulled = pulled
        """What is to run at once; nothing where there is a delay."""

    async def follow(self, run: Run) -> None:
        """Run it, or what there is after each delay until that is something else."""
        if self.pulled is not None:
            await self._apply(run, self.pulled)
            return
        while True:
            await asyncio.sleep(self._delay)
            try:
                pulled = await self._loader.load()
            except SnakeError as error:
                self._failed("failed loading dynamic config; will retry", error)
                continue
            if await self._apply(run, pulled):
                return
            logger.info(
                "dynamically-loaded config is not another one; will retry", extra=self._told
            )

    async def _apply(self, run: Run, pulled: Pulled) -> bool:
        """Run what was loaded; tell whether it runs now and did not before."""
        logger.info("applying dynamically-loaded config", extra=self._told)
        try:
            changed = await run(await _read(pulled))
        except SnakeError as error:
            self._failed("failed to run dynamically-loaded config", error)
            return False
        except Exception:
            logger.exception("a bug in snake or in a plugin")
            return False
        if changed:
            logger.info("successfully applied dynamically-loaded config", extra=self._told)
        return changed

    def _failed(self, message: str, error: SnakeError) -> None:
        fields = {**self._told["fields"], "error": str(error)}
        logger.error(message, extra={"fields": fields})


async def _read(pulled: Pulled) -> Loaded:
    """Read a configuration that was loaded, as `/load` does. Raises `SnakeError`."""
    try:
        kind = media_type(pulled.content_type) if pulled.content_type else "/json"
    except MediaTypeError as error:
        raise SnakeError(f"invalid Content-Type: {error}") from None
    if kind.endswith("/json"):
        return decoded(pulled.body, "")
    name = kind.partition("/")[2]
    if name != "caddyfile":
        raise SnakeError(f"unrecognized config adapter '{name}'; there is: caddyfile")
    loaded, warnings = await adapt(pulled.body, "Caddyfile")
    for warning in warnings:
        logger.warning(str(warning))
    return loaded
