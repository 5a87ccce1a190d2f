"""The caretaker: rolls log files when it is time, and has their backups tidied.

There is one, in the supervisor: with several workers, each moment is to be kept once, and
what takes long is not to be in the way of requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from threading import Event
from time import time

from snake.core.record import Record
from snake.logs.backups import Backups
from snake.logs.keeping import Keeping
from snake.logs.schedule import Schedule
from snake.logs.shared_file import SharedFile
from snake.logs.tidying import tidy

_LOOKS = 1.0
"""Seconds between two looks at whether a worker has rolled the file."""
_AGES = 3600.0
"""Seconds between two looks at how old the backups are."""


class Charge(Record):
    """A file that is taken care of."""

    file: SharedFile
    name: str
    """Its path."""
    backups: Backups
    keeping: Keeping
    schedule: Schedule


@asynccontextmanager
async def caring(charge: Charge) -> AsyncIterator[None]:
    """Take care of a file."""
    stopped = Event()
    task = asyncio.create_task(_care(charge, stopped), name=f"log file {charge.name}")
    try:
        yield
    finally:
        stopped.set()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _care(charge: Charge, stopped: Event) -> None:
    since = _last(charge) or _first_seen(charge.name)
    seen, tidied = None, 0.0
    while True:
        now = time()
        there = charge.file.identity()
        if there != seen or now - tidied >= _AGES:
            seen, tidied = there, now
            await asyncio.to_thread(tidy, charge.backups, charge.keeping, stopped)
        due = charge.schedule.due(since, now)
        await asyncio.sleep(max(0.0, min(_LOOKS, due - now)))
        if time() >= due:
            if _last(charge) < due:  # else it was another server's caretaker
                charge.file.roll("time")
            since = time()


def _last(charge: Charge) -> float:
    """Return when the file was last rolled because it was time; 0 if it never was."""
    with suppress(OSError):
        for backup in charge.backups:
            if backup.reason == "time":
                return backup.moment.timestamp()
    return 0.0


@cache
def _first_seen(name: str) -> float:
    """Return when this process first had the file: reloads do not begin an interval anew."""
    del name
    return time()
