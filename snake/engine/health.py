"""Health: what the supervisor knows of how a process is, from what it says and when.

A process that is ready says once a second that it is alive (`snake.app.pulse`). Silence is
measured by a clock that stands still with the machine, and a supervisor that was held up itself
gives everybody another moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from snake.fork.channel import Alive, Blocked, Message, Ready, Weary

SILENCE = 4.0
"""Seconds of silence after which a process is replaced."""
STUBBORN = 60.0
"""The most that those seconds become for one that is replaced again and again."""
_GROWTH = 4
_HELD_UP = 1.0
"""Seconds that a timer is late when the supervisor itself was held up."""
_MOMENT = 2.0
_STOPPED, _TRACED = "T", "t"


class Kind(Enum):
    """What can be the matter with a process."""

    GONE = auto()
    SILENT = auto()
    WEARY = auto()


class Trouble(NamedTuple):
    """What is the matter with a process."""

    kind: Kind
    reason: str = ""


class Health:
    """The health of one process. `pid` is 0 when its number is not one of this system."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._weary: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.heard = monotonic()
        self.knows = False
        """Whether it says itself that it is blocked, and so where."""

    def hear(self, message: Message) -> None:
        """Take what it says. Only some of it is a sign of life: threads can talk as well."""
        if isinstance(message, Alive | Ready):
            self.heard = monotonic()
            self.knows = False
        elif isinstance(message, Blocked):
            self.knows = True
        elif isinstance(message, Weary) and not self._weary.done():
            self._weary.set_result(message.reason)

    async def trouble(
        self, ends: Collection[asyncio.Future[Any]], patience: float, *, weary: bool = True
    ) -> Trouble:
        """Wait until one of `ends` is there, or it is silent for too long, or is weary."""
        wishes = [self._weary] if weary else []
        while True:
            began, wait = monotonic(), self.heard + patience - monotonic()
            await asyncio.wait([*ends, *wishes], timeout=wait, return_when="FIRST_COMPLETED")
            now = monotonic()
            if any(end.done() for end in ends):
                return Trouble(Kind.GONE)
            if weary and self._weary.done():
                return Trouble(Kind.WEARY, self._weary.result())
            if now - began - wait > _HELD_UP:
                self.heard = max(self.heard, now - patience + min(_MOMENT, patience))
            elif now - self.heard >= patience:
                state = _state(self._pid)
                if state != _TRACED:
                    return Trouble(Kind.SILENT, _REASONS.get(state, self._why()))
                self.heard = now

    def _why(self) -> str:
        return "its event loop is blocked" if self.knows else "it is held up in C code, or starved"


class Patience:
    """How much silence is too much: more for a place whose processes are silent again and again.

    So an app that blocks its loop for long with every request is not replaced for ever, and never
    are many processes of one place at their ends at once.
    """

    def __init__(self) -> None:
        self.seconds = SILENCE

    def lost(self, lived: float) -> None:
        """Note that a process was silent for too long, after it had run for so many seconds."""
        steady = lived >= STUBBORN + self.seconds
        self.seconds = SILENCE if steady else min(self.seconds * _GROWTH, STUBBORN)


_REASONS = {_STOPPED: "it was stopped by a signal", "D": "it waits for a disk or a device"}


def _state(pid: int) -> str:
    """Return the state of a process as `ps` shows it, where that can be known (proc(5))."""
    with suppress(OSError, IndexError):
        if pid:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""
