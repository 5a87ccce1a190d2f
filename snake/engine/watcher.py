"""Watcher: `snake run --watch`, which runs a configuration anew whenever its files change.

What is saved runs, whatever the admin API has loaded meanwhile; but files that say what they said
before leave that alone: so Caddy does. A save that cannot run is told once, and the old one serves
on.
"""

from __future__ import annotations

import logging
import os
import time

from snake.core.errors import SnakeError
from snake.engine.again import Source
from snake.engine.configuration import Configuration, canonical
from snake.engine.loaded import Loaded
from snake.engine.reader import ReadError
from snake.engine.watch import Watch
from snake.engine.watched_config import WatchedConfig

logger = logging.getLogger("snake.watcher")


class Watcher:
    """Watches the files of one source for ever."""

    def __init__(self, configuration: Configuration, source: Source) -> None:
        self._configuration = configuration
        self._source = source
        self._files = WatchedConfig([source.file])
        self._changed: list[str] = []
        """The files that have changed last."""
        self._last = configuration.json
        """What the files said when they were run last."""
        self._told = ""
        """What has been said to be wrong since the last change."""

    async def run(self) -> None:
        """Follow what is saved."""
        watch = Watch(self._files)
        try:
            await self._settle(watch)
            logger.info("watching config file for changes", extra={"fields": self._fields})
            while True:
                self._changed = _names(await watch.changes())
                fields = self._fields | {"changed": self._changed}
                logger.info("config file changed; reloading", extra={"fields": fields})
                await self._settle(watch)
        finally:
            watch.close()

    async def _settle(self, watch: Watch) -> None:
        """Bring what there is now, and watch all that it is in."""
        self._told = ""
        await watch.open()
        # What is imported is known after a first look, and may have changed since.
        while self._files.add(await self._look()):
            await watch.open()

    @property
    def _fields(self) -> dict[str, object]:
        return {"config_file": self._source.file}

    async def _look(self) -> tuple[str, ...]:
        """Read, and run what is new; return the files that it is in."""
        began = time.monotonic()
        try:
            answer = await self._configuration.look(self._source)
            loaded = answer.loaded
        except ReadError as error:
            self._tell("unable to load latest config", error)
            return error.files
        except Exception as error:  # noqa: BLE001  (whatever it is, the old one serves on)
            self._tell("unable to load latest config", error)
            return ()
        said = canonical(loaded.json)
        if said not in (self._last, self._configuration.json):
            answer.tell()
            await self._apply(loaded, began)
            return loaded.files
        self._last = said
        if self._changed:
            self._configuration.settle()
            logger.info("config is unchanged", extra={"fields": self._fields})
        return loaded.files

    async def _apply(self, loaded: Loaded, began: float) -> None:
        configuration, source = self._configuration, self._source
        try:
            if await configuration.load(loaded, source=source):
                configuration.tell(source, time.monotonic() - began)
            self._last = canonical(loaded.json)
        except Exception as error:  # noqa: BLE001  (as above)
            self._tell("applying latest config", error)

    def _tell(self, message: str, error: Exception) -> None:
        why = str(error) if isinstance(error, SnakeError) else f"{type(error).__name__}: {error}"
        if why != self._told:
            logger.error(message, extra={"fields": self._fields | {"error": why}})
            self._told = why


def _names(paths: list[str]) -> list[str]:
    return [os.path.relpath(path) for path in paths]
