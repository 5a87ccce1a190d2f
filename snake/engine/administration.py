"""Administration: what the admin API may do to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from snake.admin.running import Adapted, Edit, Origin
from snake.caddyfile.errors import CaddyfileWarning
from snake.core.record import Record
from snake.engine.again import Source, adapt
from snake.engine.configuration import Configuration
from snake.engine.loaded import Loaded
from snake.engine.source import is_caddyfile

ADAPTER = "caddyfile"
_AT_ONCE = 2
"""Texts that are adapted at once: each is read by a process of its own."""


class AdaptedCaddyfile(Record):
    """A Caddyfile that was sent, as a document that knows its lines."""

    loaded: Loaded
    warnings: list[CaddyfileWarning]

    @property
    def json(self) -> bytes:
        """The JSON that was made of it."""
        return self.loaded.json


class Administration:
    """A `Running` of the admin API."""

    adapters: Sequence[str] = (ADAPTER,)

    def __init__(self, configuration: Configuration, stop: Callable[[], None]) -> None:
        self._configuration = configuration
        self._stop = stop
        self._turn = asyncio.Semaphore(_AT_ONCE)

    @property
    def json(self) -> bytes:
        """The JSON that runs, with its IDs."""
        return self._configuration.json

    async def change(self, edit: Edit, *, force: bool, origin: Origin) -> bool:
        """Run what an edit makes of it; return whether another one runs now."""
        return await self._configuration.change(edit, force=force, source=self._source(origin))

    async def adapt(self, body: bytes, adapter: str) -> AdaptedCaddyfile:
        """Adapt a Caddyfile. Raises `SnakeError`."""
        del adapter  # there is only the one
        async with self._turn:
            return AdaptedCaddyfile(*await adapt(body, "Caddyfile"))

    async def load(self, adapted: Adapted, *, force: bool, origin: Origin) -> bool:
        """Run what was adapted; return whether another one runs now."""
        assert isinstance(adapted, AdaptedCaddyfile)  # noqa: S101  (it was made above)
        source = self._source(origin)
        return await self._configuration.load(adapted.loaded, force=force, source=source)

    def stop(self) -> None:
        """Begin the graceful end."""
        self._stop()

    def _source(self, origin: Origin) -> Source | None:
        """Return the file that SIGUSR1 is to read from now on, if the client names one.

        A name without a folder is one that the client sees in its own, so it only tells that the
        file is still the same, as in Caddy. A whole path, which `snake reload` sends, is taken.
        """
        told = Source(origin.file, origin.adapter or None)
        before = self._configuration.source
        if before is not None and _is_same(told, before):
            return before
        return told if Path(told.file).is_absolute() else None


def _is_same(told: Source, before: Source) -> bool:
    if is_caddyfile(*told) != is_caddyfile(*before):
        return False
    one, other = Path(told.file), Path(before.file)
    return one.absolute() == other.absolute() or (not one.is_absolute() and one.name == other.name)
