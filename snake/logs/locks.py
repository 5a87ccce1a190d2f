"""Locks: who writes to a file that several processes share, and who renames it.

Writers hold a shared lock of the open file while they write, and who renames it an
exclusive one (flock(2)). It ends with the process that has it. A process that is stopped
while it holds one does not stop the others: who waits too long goes on without.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows, where one process does all
    fcntl = None

_PAUSE = 0.0001
_LONGEST_PAUSE = 0.005


def lock(fd: int, *, exclusive: bool = False, patience: float = 1.0) -> bool:
    """Lock an open file; `False` when that was not to be had within `patience` seconds.

    Where there are no such locks, as on some network file systems, all have it.
    """
    if fcntl is None:
        return True
    flags = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB
    until, pause = 0.0, _PAUSE
    while True:
        try:
            fcntl.flock(fd, flags)
        except BlockingIOError:
            now = time.monotonic()
            until = until or now + patience
            if now >= until:
                return False
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        except OSError:
            return True
        else:
            return True


def unlock(fd: int) -> None:
    """Let others have it."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)


def claim(fd: int) -> bool:
    """Keep out other processes that claim this pipe or socket, until `release`, if that can be.

    A descriptor that was inherited is one open file in all of them, which flock cannot tell
    apart; fcntl's locks belong to the process.
    """
    if fcntl is None:
        return False
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def release(fd: int) -> None:
    """Let others claim it."""
    with suppress(OSError):
        fcntl.lockf(fd, fcntl.LOCK_UN)
