"""Watch: tells when files have changed. watchdog looks, in threads of its own."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from snake.engine.watched import Key, Plan

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

logger = logging.getLogger("snake")

QUIET = 0.5
"""Seconds without a change after which those that were are told."""
LONGEST = 5.0
"""Seconds after which they are told in any case."""
LOOK = 1.0
"""Seconds between two looks whether the app's folders are still the same: nothing tells of that."""
_EXHAUSTED = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE})
POLLING = 1.0
"""Seconds between two looks at all files, where the system does not tell of changes."""


class Subject(Protocol):
    """What is watched: the files of an app, or of a configuration."""

    def wants(self, path: str, plan: Plan) -> bool:
        """Whether a change of this file counts."""
        ...

    def covers(self, folder: str, plan: Plan) -> bool:
        """Whether files in this folder may count."""
        ...

    def plan(self) -> Plan:
        """Look at what is there. Called in a thread."""
        ...

    def identity(self) -> dict[str, Key | None]:
        """Return what the places are now that may become others without an event."""
        ...


class Watch:
    """The files of one subject, watched from `open` to `close`."""

    def __init__(self, watched: Subject) -> None:
        self._watched = watched
        self._plan = Plan({})
        self._own = watched.identity()
        self._eyes = _Eyes(self._hear)
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._last = 0.0
        self._changed: set[str] = set()
        self._folders: set[str] = set()
        """Folders and links that came or went."""

    async def open(self) -> None:
        """Begin; once more, where the subject has become another one."""
        self._own = self._watched.identity()
        await asyncio.to_thread(self._arrange)

    def close(self) -> None:
        """End."""
        self._eyes.close()

    async def changes(self) -> list[str]:
        """Wait for changes and return the files, once nothing has changed for a while."""
        while True:
            await self._wait()
            folders, self._folders = self._folders, set()
            others = self._others()
            if folders or others:
                self._changed |= others
                self._changed |= await asyncio.to_thread(self._look_again, folders)
            if self._changed:
                changed, self._changed = self._changed, set()
                return sorted(changed)

    async def _wait(self) -> None:
        """Wait for something, and until it is over."""
        try:
            async with asyncio.timeout(LOOK):
                await self._news.wait()
        except TimeoutError:
            return
        began = self._loop.time()
        while (due := min(self._last + QUIET, began + LONGEST)) > self._loop.time():  # noqa: ASYNC110
            await asyncio.sleep(due - self._loop.time())
        self._news.clear()

    def _others(self) -> set[str]:
        """Return those of the app's own folders that are others now, as after a switched link."""
        now = self._watched.identity()
        others = {folder for folder, key in now.items() if key and key != self._own.get(folder)}
        self._own |= {folder: now[folder] for folder in others}
        return others

    # In threads ------------------------------------------------------------------

    def _arrange(self) -> None:
        self._plan = self._watched.plan()
        self._eyes.look(self._plan)

    def _look_again(self, folders: Iterable[str]) -> set[str]:
        """Watch what there is now; return the files that count in what has come or gone."""
        before = self._plan
        self._arrange()
        changed = {path for path in folders if before.links.get(path) != self._plan.links.get(path)}
        for holder in before.holders ^ self._plan.holders:
            if any(f"{holder}/".startswith(f"{path}/") for path in folders):
                changed.add(holder)
        return changed

    def _hear(self, event: FileSystemEvent) -> None:
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        self._loop.call_soon_threadsafe(self._note, event.event_type, event.is_directory, paths)

    # On the loop -----------------------------------------------------------------

    def _note(self, kind: str, is_folder: bool, paths: list[str]) -> None:  # noqa: FBT001
        plan = self._plan
        for path in paths:
            is_link = path in plan.links or (kind != "modified" and os.path.islink(path))
            if is_folder or is_link:
                if not (path in plan.links or self._watched.covers(path, plan)):
                    continue
                self._folders.add(path)
            elif self._watched.wants(path, plan):
                self._changed.add(path)
            else:
                continue
            self._last = self._loop.time()
            self._news.set()


def _kinds() -> list[type[FileSystemEvent]]:
    """Return what is of interest: all that changes a file, and not that one is read."""
    from watchdog import events  # noqa: PLC0415  (few servers watch files)

    return [
        *(events.FileCreatedEvent, events.FileModifiedEvent, events.FileClosedEvent),
        *(events.FileMovedEvent, events.FileDeletedEvent),
        *(events.DirCreatedEvent, events.DirMovedEvent, events.DirDeletedEvent),
    ]


class _Eyes:
    """watchdog, which reports to one function in a thread of its own."""

    def __init__(self, hear: Any) -> None:  # noqa: ANN401
        self._hear = hear
        self._observer: BaseObserver | None = None
        self._watches: dict[str, tuple[tuple[bool, tuple[int, int]], ObservedWatch]] = {}
        self._polls = False
        self._lock = threading.Lock()
        self._is_closed = False

    def dispatch(self, event: FileSystemEvent) -> None:
        """Take an event: what watchdog calls."""
        self._hear(event)

    def look(self, plan: Plan) -> None:
        """Look at these folders, and at no others."""
        with self._lock:
            if not self._is_closed:
                self._look_or_poll(plan)

    def _look_or_poll(self, plan: Plan) -> None:
        try:
            self._look(plan)
        except OSError as error:
            if self._polls or error.errno not in _EXHAUSTED:
                raise
            fields = {"error": error.strerror, "seconds": POLLING}
            logger.warning(
                "the system watches no more files for this user (fs.inotify.max_user_watches and "
                "max_user_instances); they are looked at again and again",
                extra={"fields": fields},
            )
            self._stop()
            self._polls = True
            self._look(plan)

    def _look(self, plan: Plan) -> None:
        if self._observer is None:
            self._observer = self._start()
        for path, (meant, watch) in list(self._watches.items()):
            if plan.watches.get(path) != meant:
                del self._watches[path]
                self._observer.unschedule(watch)
        for path, meant in plan.watches.items():
            if path not in self._watches and os.path.isdir(path):
                handler: Any = self
                try:
                    watch = self._observer.schedule(
                        handler, path, recursive=meant[0], event_filter=_kinds()
                    )
                except FileNotFoundError:  # gone meanwhile, which is told by what it was in
                    continue
                self._watches[path] = meant, watch

    def _start(self) -> BaseObserver:
        # Few servers watch files.
        from watchdog.observers import Observer  # noqa: PLC0415
        from watchdog.observers.polling import PollingObserver  # noqa: PLC0415

        observer: BaseObserver = PollingObserver(timeout=POLLING) if self._polls else Observer()
        observer.start()
        return observer

    def close(self) -> None:
        """End."""
        with self._lock:
            self._is_closed = True
            self._stop()

    def _stop(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer = None
        self._watches.clear()
