"""Starts: how often processes were started, and why. It outlives configurations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

LOADED, DIED, SILENT, WEARY, CHANGED, FAILED = CAUSES = (
    *("loaded", "died", "silent", "worn_out", "changed", "failed"),
)
"""A configuration was loaded, or an app chosen; the one before has died, or did not answer; it
asked to be replaced; the app's code has changed. The last is a start that came to nothing."""

Started = Callable[[str], None]
"""Is told of each start, with the cause."""


class App(NamedTuple):
    """An app as it is written: its name and its folder."""

    name: str
    folder: str


class Starts:
    """All counts."""

    def __init__(self) -> None:
        self.workers: Counter[tuple[int, str]] = Counter()
        """By the number of the worker and the cause."""
        self.apps: Counter[tuple[App, str]] = Counter()
        """Of the processes of pools, by their app and the cause."""

    def of_worker(self, number: int) -> Started:
        """Return what counts the starts of a worker."""
        return partial(self._count_worker, number)

    def of_app(self, name: str, folder: str) -> Started:
        """Return what counts the starts of an app's processes."""
        return partial(self._count_app, App(name, folder))

    def _count_worker(self, number: int, cause: str) -> None:
        self.workers[number, cause] += 1

    def _count_app(self, app: App, cause: str) -> None:
        self.apps[app, cause] += 1
