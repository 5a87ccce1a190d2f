"""Ledger: the files of all figures, as the supervisor has them, and who counts in which.

The laws of this file:

- Two processes never count in one file at a time. So a worker has two: the one that is put
  beside it takes the other.
- What was counted is there as long as the server is. A file whose process is gone, and whose
  configuration as well, is taken by a worker of the next one, which counts on.
- What is only of the moment, such as requests in flight, ends with its process.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from snake.metrics.figures import Figures, Key, is_worn, leave, new_file, total
from snake.metrics.figures import processes as processes_of


class Ledger:
    """All files. It is the supervisor's, and lives as long as that."""

    def __init__(self) -> None:
        self._files: list[int] = []
        self._free: list[int] = []

    def own(self) -> Figures:
        """Return figures of the supervisor itself, which is none of the `processes`."""
        file = new_file()
        self._files.append(file)
        figures = Figures([os.dup(file)])
        leave(file)
        return figures

    def open(self, workers: int) -> Sheets:
        """Return the files of so many workers of a new configuration."""
        before = list(self._files)
        own = [self._next() for _ in range(2 * workers)]
        return Sheets(self, own, [file for file in before if file not in own])

    def _next(self) -> int:
        while self._free:
            file = self._free.pop(0)
            if not is_worn(file):
                return file
            self._files.remove(file)
            os.close(file)
        file = new_file()
        self._files.append(file)
        return file

    def take_back(self, files: Sequence[int]) -> None:
        """Have files for whoever comes next: their configuration is gone."""
        for file in files:
            leave(file)
        self._free += files

    def total(self) -> dict[Key, list[float]]:
        """Return all figures, added up."""
        return total(self._files)

    def processes(self) -> list[int]:
        """Return the processes that count now."""
        return processes_of(self._files)

    def close(self) -> None:
        """Close all files."""
        for file in self._files:
            os.close(file)
        self._files.clear()
        self._free.clear()


class Sheets:
    """The files of one configuration's workers: two for each event loop."""

    def __init__(self, ledger: Ledger, files: Sequence[int], before: Sequence[int]) -> None:
        self._ledger = ledger
        self._busy: set[int] = set()
        self.files = list(files)
        self.before = list(before)
        """Those of others, which only count in the sum."""

    def take(self, index: int, loops: int) -> int:
        """Return the first of a process's files by its place: it has so many event loops.

        Whoever calls this says by `give_back` when the process is gone.
        """
        # With both taken, the one before hangs: it counts little.
        own = index if index not in self._busy else index + len(self.files) // 2
        self._busy.update(range(own, own + loops))
        return own

    def give_back(self, own: int, loops: int) -> None:
        """Have the files of a process that is gone for the next one."""
        for at in range(own, own + loops):
            self._busy.discard(at)
            if at < len(self.files):
                leave(self.files[at])

    def close(self) -> None:
        """Leave the files to the next configuration. May be repeated."""
        self._ledger.take_back(self.files)
        self.files.clear()
