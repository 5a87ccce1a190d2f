"""CPU time of a process tree, as Linux counts it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

import memory

TICK = 1 / os.sysconf("SC_CLK_TCK")


def seconds(roots: Iterable[int]) -> float:
    """Return what the processes and all their children have used so far, in user and system mode.

    Children that are gone count where their parent has waited for them (proc(5)).
    """
    return sum(_ticks(pid) for pid in memory.tree(roots)) * TICK


def _ticks(pid: int) -> int:
    # The name, in parentheses, may hold spaces; utime is the twelfth word after it.
    with suppress(OSError):
        words = (memory.PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return sum(map(int, words[11:15]))
    return 0
