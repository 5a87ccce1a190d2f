"""ControlGroup: what holds all processes of an app together, however they leave each other.

A process can leave its session and its parent, but not its control group. Where there is no
sandbox, which has processes of its own, and root may make a group below its own (cgroup v2,
cgroups(7)), an app's end is so that of all it has started. The group needs no controller.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path

_PREFIX = "snake-app-"
_LOOKS, _BETWEEN = 20, 0.1
"""How often, and how many seconds apart, a group is looked at that is to be empty."""


class ControlGroup:
    """A group for one app."""

    def __init__(self, folder: Path) -> None:
        self.processes = str(folder / "cgroup.procs")
        """Whoever writes 0 to this file is in the group, as is all that it starts."""
        self._folder = folder
        self._removing: asyncio.Task[None] | None = None

    def kill(self) -> None:
        """End all that is in it, at once (Linux 5.14)."""
        with suppress(OSError):
            (self._folder / "cgroup.kill").write_text("1")

    def end(self) -> None:
        """End all that is in it, and remove it."""
        self.kill()
        if self._removing is None:
            self._removing = asyncio.ensure_future(self._remove())

    async def _remove(self) -> None:
        for _ in range(_LOOKS):
            if _removed(self._folder):
                return
            await asyncio.sleep(_BETWEEN)


def make_group() -> ControlGroup | None:
    """Make a group; `None` where that is not possible."""
    own = _own()
    if own is None:
        return None
    for left in own.glob(f"{_PREFIX}*"):
        # Of a server that was killed. Of one that lives, it may be about to be used.
        if not Path("/proc", left.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            _removed(left)
    folder = own / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
    try:
        folder.mkdir()
    except OSError:
        return None
    return ControlGroup(folder)


@cache
def _own() -> Path | None:
    """Return the folder of this process's own group."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    at = next((line.split()[4] for line in mounts if " - cgroup2 " in line), None)
    group = next((line[3:] for line in groups if line.startswith("0::/")), None)
    if at is None or group is None:
        return None
    folder = Path(at) / group.lstrip("/")
    return folder if (folder / "cgroup.kill").exists() or not group.strip("/") else None


def _removed(folder: Path) -> bool:
    """Remove a group, if it is empty."""
    with suppress(OSError):
        folder.rmdir()
    return not folder.exists()
