"""Pulse: says once a second that the event loops of this process turn, and where one does not.

Each loop notes the time, once a second. A thread looks at what they noted, as often; if all is
well it tells the supervisor that this process is alive. Of a loop that does not turn it logs
where it is held up, once, and the loop itself how long that was.

A process that stands in a debugger is alive: whoever sits at it knows why it does not answer.
A process that was stopped as a whole, or whose machine slept, was not blocked: its threads
did not run either. If one thread kept the interpreter's lock all the time, in C, the process
has computed meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, process_time
from types import FrameType
from typing import Protocol

from snake.app.stack import app_frames, is_debugged, place, written

log = logging.getLogger("snake.python")

BEAT = 1.0
"""Seconds between two notes of a loop, and between two looks at them."""
OVERDUE = 0.5
"""Seconds after which a note that is missing is a loop that is blocked."""
_STACKS = 4
"""How many threads are shown when the loop's own is not in the app's code."""


class Say(Protocol):
    """Tells the supervisor how this process is."""

    def __call__(self, *, well: bool) -> None:
        """Say it; never raises."""


class Beat:
    """What one loop notes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, each: Callable[[], None] | None) -> None:
        self.thread = threading.get_ident()
        self.at = monotonic()
        self.is_told = False
        """Whether the log has that it is blocked."""
        self._loop = loop
        self._each = each
        self._timer = loop.call_later(BEAT, self._beat)

    def stop(self) -> None:
        """Note no more."""
        self._timer.cancel()

    def overdue(self, now: float) -> float:
        """Return for how many seconds the loop has been held up, at least."""
        return now - self.at - BEAT

    def _beat(self) -> None:
        now = monotonic()
        if self.is_told:
            self.is_told = False
            log.warning("event loop goes on", extra=_fields(self.overdue(now)))
        self.at = now
        self._timer = self._loop.call_later(BEAT, self._beat)
        if self._each is not None:
            self._each()


class Pulse:
    """The pulse of one process. `say` tells the supervisor, from any thread, if it is well."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._beats: list[Beat] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="snake-pulse", daemon=True)

    def start(self) -> None:
        """Begin; not before the process has forked for the last time."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()

    @contextmanager
    def beating(self, each: Callable[[], None] | None = None) -> Iterator[None]:
        """Have the running loop take part. `each` is called with every beat."""
        beat = Beat(asyncio.get_running_loop(), each)
        self._beats.append(beat)
        try:
            yield
        finally:
            beat.stop()
            self._beats.remove(beat)

    def _watch(self) -> None:
        due, spent = monotonic() + BEAT, process_time()
        while not self._over.wait(max(due - monotonic(), 0.0)):
            now = monotonic()
            late, computed = now - due, process_time() - spent
            if late > OVERDUE and computed < late / 2:
                for beat in self._beats:
                    beat.at = max(beat.at, now - BEAT)
            self._say(well=self._looks_well(now))
            due, spent = monotonic() + BEAT, process_time()

    def _looks_well(self, now: float) -> bool:
        """Tell whether all loops turn; log each that does not, once."""
        blocked = [beat for beat in self._beats if beat.overdue(now) > OVERDUE]
        if not blocked:
            return True
        frames = sys._current_frames()  # noqa: SLF001 - documented, and there is no other way
        blocked = [beat for beat in blocked if not is_debugged(frames.get(beat.thread))]
        for beat in blocked:
            if not beat.is_told:
                beat.is_told = True
                _report(beat, frames, beat.overdue(now))
        return not blocked


def _report(beat: Beat, frames: Mapping[int, FrameType], seconds: float) -> None:
    found = app_frames(frames.get(beat.thread))
    stacks = [found] if found else _others(frames)
    fields = {"seconds": round(seconds, 1)}
    where = place(stacks[0]) if stacks else ""
    stack = "\n\n".join(map(written, stacks))
    extra = {"fields": {**fields, "in": where, "stacktrace": stack} if stacks else fields}
    log.warning("event loop is blocked; nothing else is answered meanwhile", extra=extra)


def _others(frames: Mapping[int, FrameType]) -> list[list[tuple[FrameType, int]]]:
    """Return what other threads do in the app's code: one may keep the interpreter's lock."""
    own = threading.get_ident()
    found = [app_frames(frame) for ident, frame in frames.items() if ident != own]
    return [each for each in found if each][:_STACKS]


def _fields(seconds: float) -> dict[str, object]:
    return {"fields": {"seconds": round(seconds, 1)}}
