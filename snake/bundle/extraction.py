"""Extraction: the folders that a program unpacks itself into, and how they go again.

PyInstaller's own process makes one at each start, waits for the program, and removes it. Where that
process is killed, the program ends, too, and removes the folder itself; where both are killed, the
next start of any such program does. The folder of the files, in the user's cache, stays until no
program has used it for long.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from snake.bundle.start import LOCK

PATTERN = "_MEI*"
"""How PyInstaller names its folders."""
STARTING = 600
"""Seconds after which a program that does not hold its folder does not start any more."""
UNUSED = 30 * 24 * 3600
"""Seconds after which files that no program has used are not kept."""


@contextmanager
def holding(home: Path, root: Path) -> Iterator[None]:
    """Hold both folders of this program, and see that those of others go."""
    own, waiting = os.getpid(), os.getppid()
    _end_with_parent()
    _sweep(home.parent.glob(f"{PATTERN}/{LOCK}"), STARTING)
    _hold(home)
    if root != home:
        _hold(root)
        _sweep(root.parent.glob(f"*/{LOCK}"), UNUSED)
    try:
        yield
    finally:
        # A fork of this process ends here as well, and holds nothing.
        if os.getpid() == own and os.getppid() != waiting:
            shutil.rmtree(home, ignore_errors=True)


def _hold(folder: Path) -> None:
    """Hold a folder until this process and its forks end, and say that it is in use."""
    with suppress(OSError):
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.utime(lock)
        _lock(lock, alone=False)


def _sweep(locks: Iterator[Path], age: float) -> None:
    """Remove the folders of these locks that nobody holds, and that have that age.

    What belongs to another user is not touched.
    """
    for path in locks:
        with suppress(OSError):
            if _is_left(path, age):
                shutil.rmtree(path.parent, ignore_errors=True)


def _is_left(path: Path, age: float) -> bool:
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        status = os.fstat(lock)
        if status.st_uid != os.geteuid() or time.time() - status.st_mtime < age:
            return False
        return _lock(lock, alone=True)
    finally:
        os.close(lock)


def _lock(lock: int, *, alone: bool) -> bool:
    import fcntl  # noqa: PLC0415  (not on Windows, where no folder is left)

    try:
        fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_with_parent() -> None:
    """Have Linux send SIGTERM when PyInstaller's process is killed (PR_SET_PDEATHSIG, prctl(2))."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  (Linux only)
        import signal  # noqa: PLC0415

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
