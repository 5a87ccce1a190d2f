"""Configuration: the JSON that runs, and the one way to put another in its place.

Whoever wants a change (a signal, a file that was saved, the admin API) comes here; one waits
for the other. What fails changes nothing: the old JSON runs on, and is what is shown.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from snake.config.document import Document
from snake.core.errors import SnakeError
from snake.core.record import Record
from snake.engine.again import Source
from snake.engine.autosave import autosave
from snake.engine.loaded import Loaded
from snake.engine.reloads import Reloads
from snake.engine.service import Service
from snake.logs.encoders import STACK

if TYPE_CHECKING:
    from snake.engine.pulls import Pulls
    from snake.engine.reader import Answer

logger = logging.getLogger("snake")

NONE = b"null"
"""The JSON of no configuration."""

Edit = Callable[[bytes], bytes]
"""From the JSON that runs to the one that is to run. May raise."""


class Outcome(Record):
    """How the last attempt to load a configuration went."""

    at: float
    """Seconds since 1970."""
    seconds: float
    error: str = ""
    """Empty if all went well."""


class Configuration:
    """Owns what runs. `start` comes first."""

    def __init__(self, reloads: Reloads, service: Service | None = None) -> None:
        """Run it with `reloads`; the service manager is told of every attempt."""
        self._reloads = reloads
        self._service = service or Service()
        self._lock = asyncio.Lock()
        self._pulls: Pulls | None = None
        """Made for the first document that has another one loaded."""
        self.json = NONE
        """What runs, with its IDs; keys by the alphabet."""
        self.source: Source | None = None
        """Where that comes from, if it can be read again."""
        self.loaded_at = 0.0
        """When it was loaded, in seconds since 1970."""
        self.outcome = Outcome(0.0, 0.0)
        self.attempts = 0
        """Attempts to load another one since the start."""
        self.failures = 0

    async def start(self, loaded: Loaded, source: Source | None) -> None:
        """Run the first one. Raises `ConfigError` and `StartError`."""
        async with self._lock:
            await self._run(loaded, source)

    async def change(
        self, edit: Edit, *, force: bool = False, source: Source | None = None
    ) -> bool:
        """Run what `edit` makes of the JSON that runs.

        Without `force` nothing is done when that is the same. Returns whether anything was.
        Raises what `edit` does, and `SnakeError` if it cannot run.
        """
        async with self._lock:
            new = canonical(edit(self.json))
            if self._is_unchanged(new, force=force):
                return False
            await self._replace(_decoded(new), source)
            return True

    async def load(
        self, loaded: Loaded, *, force: bool = False, source: Source | None = None
    ) -> bool:
        """Run a document that was read, which knows where its parts stand; else as `change`."""
        async with self._lock:
            if self._is_unchanged(canonical(loaded.json), force=force):
                return False
            await self._replace(loaded, source)
            return True

    async def reread(self, *, force: bool = True) -> bool:
        """Read it again from where it comes, and run that. A failure is logged, and is no more.

        Returns whether another one runs now.
        """
        source = self.source
        if source is None:
            logger.warning("the configuration is in no file that can be read again")
            return False
        began = time.monotonic()
        try:
            with self._service.reloading():
                answer = await self.look(source)
                answer.tell()
                loaded = answer.loaded
                changed = await self.load(loaded, force=force, source=source)
        except SnakeError as error:
            _failed(source, str(error))
            return False
        except Exception as error:  # whatever it is, the old ones serve on
            logger.exception("a bug in snake or in a plugin")
            _failed(source, f"unexpected {type(error).__name__}")
            return False
        if changed:
            self.tell(source, time.monotonic() - began)
        return changed

    async def follow(self, asked: asyncio.Event) -> None:
        """Read it again whenever that is asked for; what is asked for meanwhile is done after."""
        while True:
            await asked.wait()
            asked.clear()
            await self.reread()

    def _is_unchanged(self, new: bytes, *, force: bool) -> bool:
        if force or new != self.json:
            return False
        self.settle()
        logger.info("config is unchanged")
        return True

    def settle(self) -> None:
        """Forget the last failure: what was asked for since is what runs."""
        if self.outcome.error:
            self.outcome = Outcome(time.time(), 0.0)

    async def look(self, source: Source) -> Answer:
        """Return what a source says now, and log nothing. Raises `SnakeError`.

        What cannot be read is an attempt that failed as well.
        """
        from snake.engine.reader import opened  # noqa: PLC0415  (no start has to wait for it)

        began, at = time.monotonic(), time.time()
        try:
            return opened(await source.look())
        except Exception as error:
            self.attempts += 1
            self._failed(error, at, began)
            raise

    async def _replace(self, loaded: Loaded, source: Source | None) -> None:
        began, at = time.monotonic(), time.time()
        self.attempts += 1
        try:
            with self._service.reloading():
                await self._run(loaded, source)
        except Exception as error:
            self._failed(error, at, began)
            raise
        self.outcome = Outcome(at, time.monotonic() - began)

    def _failed(self, error: Exception, at: float, began: float) -> None:
        self.failures += 1
        self.outcome = Outcome(at, time.monotonic() - began, str(error) or type(error).__name__)

    async def _run(self, loaded: Loaded, source: Source | None) -> None:
        document = loaded.document
        with loaded.placing():
            pulls = self._pulls_of(document)
            pull = await pulls.ahead(document) if pulls is not None else None
            await self._reloads.load(document)
        if pulls is not None:
            pulls.begin(pull)
        self.json = canonical(loaded.json)
        self.source = source
        self.loaded_at = time.time()
        if self.json != NONE:
            autosave(document, self.json)

    def _pulls_of(self, document: Document) -> Pulls | None:
        """Return what loads the configuration that another one names, if any ever did."""
        admin = document.admin.config if document.admin is not None else None
        if self._pulls is None and admin is not None and admin.load is not None:
            # Few documents have that.
            from snake.engine.pulls import Pulls  # noqa: PLC0415

            self._pulls = Pulls(lambda loaded: self.load(loaded, source=self.source))
        return self._pulls

    async def aclose(self) -> None:
        """Load nothing more by itself."""
        if self._pulls is not None:
            await self._pulls.aclose()

    def tell(self, source: Source, seconds: float) -> None:
        """Log that what a source says runs now."""
        generation = self._reloads.generation
        fields = {
            "file": source.file,
            "seconds": round(seconds, 3),
            "workers": generation.workers,
            "because": generation.reason,
            "pids": generation.pids,
        }
        logger.info("reloaded the configuration", extra={"fields": fields})


def canonical(data: bytes) -> bytes:
    """Return JSON as the same bytes however it was written: keys by the alphabet, no spaces.

    What is no JSON is returned as it is: who decodes it tells what is wrong.
    """
    try:
        return msgspec.json.encode(msgspec.json.decode(data), order="sorted")
    except (msgspec.DecodeError, RecursionError):
        return data


def _decoded(data: bytes) -> Loaded:
    # No start of a server has to wait for it.
    from snake.engine.source import decoded, nothing  # noqa: PLC0415

    return nothing() if data == NONE else decoded(data, "")


def _failed(source: Source, why: str) -> None:
    message, _, more = why.partition("\n")
    fields = {"file": source.file, "error": message} | ({STACK: more} if more else {})
    logger.error("cannot reload the configuration; the old one goes on", extra={"fields": fields})
