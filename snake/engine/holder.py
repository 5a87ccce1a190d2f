"""Who listens on a port: a look into /proc, for an error message that helps at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
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
            if inodes.intersection(_open_files(process)):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""


def _open_files(process: Path) -> Iterator[str]:
    """Yield what a process has open; what it closes meanwhile is left out."""
    for link in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield str(link.readlink())


def _inodes(port: int, proc: Path) -> set[str]:
    found: set[str] = set()
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            lines = (proc / "net" / name).read_text().splitlines()[1:]
            found |= {
                inode
                for where, state, inode in map(_fields, lines)
                if state == _LISTEN and int(where.rpartition(":")[2], 16) == port
            }
    return found


def _fields(line: str) -> tuple[str, str, str]:
    """Return the local address, the state and the inode of a line of /proc/net/tcp."""
    fields = line.split()
    return fields[1], fields[3], fields[9]
