"""Who listens on a port: a look into /proc, for an error message that helps at once."""

from __future__ import annotations

import contextlib
from pathlib import Path

_LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp (TCP_LISTEN in the kernel's tcp_states.h)."""


def holder(port: int, proc: Path = Path("/proc")) -> str:
    """Return `name (pid 123)` of a process that listens on a TCP port; empty if it is unknown.

    Only processes of the same user can be seen, unless this is root.
    """
    inodes = {f"socket:[{inode}]" for inode in _inodes(port, proc)}
    if not inodes:
        return ""
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for link in (process / "fd").iterdir():
                if str(link.readlink()) in inodes:
                    return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""


def _inodes(port: int, proc: Path) -> set[str]:
    found = set()
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / name).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(fields[9])
    return found
