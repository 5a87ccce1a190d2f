"""Memory of a process tree, as Linux counts it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def pss(roots: Iterable[int]) -> float:
    """Return the proportional set size of the processes and all their children, in MiB.

    A page that n processes share counts 1/n for each, so the sum is what the
    tree really takes.
    """
    return sum(_pss(pid) for pid in tree(roots)) / 1024


def tree(roots: Iterable[int]) -> set[int]:
    """Return the process IDs of the roots and of all their descendants."""
    children = defaultdict(list)
    for entry in PROC.glob("[0-9]*"):
        children[_parent(entry)].append(int(entry.name))
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children[pid]
    return found


def _parent(entry: Path) -> int:
    # The name, in parentheses, may hold spaces; the parent is the second word after it.
    with suppress(OSError):
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _pss(pid: int) -> int:
    """Return the KiB of one process; none when it has just gone."""
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
