"""Looks: from time to time, at whether a log file is still where it was.

Who writes finds out by itself. Who has nothing to write would keep a file open that somebody has
moved or deleted, and with it the room that it takes on the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from snake.logs.shared_file import SharedFile

_PAUSE = 1.0
"""Seconds between two looks, which take microseconds each."""


class _Look:
    """Looks at one file, again and again."""

    def __init__(self, file: SharedFile) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self.next = self._loop.call_later(_PAUSE, self._look)

    def _look(self) -> None:
        self._file.let_go()
        self.next = self._loop.call_later(_PAUSE, self._look)


@contextmanager
def looking(file: SharedFile) -> Iterator[None]:
    """Look at a file, in the loop that runs."""
    look = _Look(file)
    try:
        yield
    finally:
        look.next.cancel()
