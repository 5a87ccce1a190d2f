"""Resources: what a process uses, as far as the system tells."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from snake.metrics.report import Resources


def resources(pid: int) -> Resources:
    """Return what a process uses; nothing of one that is gone, or where there is no `/proc`."""
    folder = Path("/proc", str(pid))
    with suppress(OSError, ValueError, IndexError):
        pages = int((folder / "statm").read_text().split()[1])
        # Behind the name, which may have any character: proc(5) has these as 14 and 15.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return Resources(pages * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"))
    return Resources()
