"""Ending: how a process that is no child of this one is waited for."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from snake.cli.whose_server import Server

_PAUSE = 0.05
"""Seconds between two looks where the system tells of no end by itself."""
_APART = 10.0
"""Seconds that a server may need from its begin to the moment that it takes for that."""

Ends = Callable[[float | None], bool]
"""Waits for so many seconds, or for ever; tells whether the process has ended."""


@contextmanager
def watched(server: Server | None) -> Iterator[Ends | None]:
    """Watch the process of a server; yields `None` where it is none of this machine.

    It may be one of a container or of another machine, of which the number means another
    process here.
    """
    if server is None or not _is_here(server):
        yield None
        return
    opened = getattr(os, "pidfd_open", None)  # of Linux
    try:
        fd = opened(server.pid) if opened is not None else None
    except OSError:
        fd = None
    if fd is None:
        yield lambda limit: _has_ended(server.pid, limit)
        return
    try:
        yield lambda limit: bool(select.select([fd], [], [], limit)[0])
    finally:
        os.close(fd)


def _is_here(server: Server) -> bool:
    if not Path("/proc/self/stat").exists():
        return server.pid > 1 and _lives(server.pid)
    begun = _begun(server.pid)
    return begun is not None and abs(server.started - begun) < _APART


def _begun(pid: int) -> float | None:
    """Return when a process began, in seconds since 1970. Source: proc_pid_stat(5), field 22."""
    with suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return time.time() - uptime + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _has_ended(pid: int, limit: float | None) -> bool:
    end = None if limit is None else time.monotonic() + limit
    while _lives(pid):
        if end is not None and time.monotonic() >= end:
            return False
        time.sleep(_PAUSE)
    return True
