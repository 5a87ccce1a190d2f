"""What the zygote and the workers ask of the operating system for themselves."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends (PR_SET_PDEATHSIG, prctl(2)).

    The end of the channel says the same, but a process that is busy in an app's
    import does not read it.
    """
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  (Linux only)

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def keep_capabilities() -> None:
    """Have no program that is started from here be given capabilities of this process.

    A service manager lets a user bind port 80 by an ambient capability (capabilities(7)), which
    each program inherits: those of apps, and bubblewrap, which refuses to run with any. This
    process keeps what it has.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, ValueError):
        status = Path("/proc/self/status").read_text()
        if int(status.partition("CapAmb:")[2].split(None, 1)[0], 16):
            import ctypes  # noqa: PLC0415  (Linux only, and seldom needed)

            # PR_CAP_AMBIENT and PR_CAP_AMBIENT_CLEAR_ALL of <linux/prctl.h>
            ctypes.CDLL(None).prctl(47, 4, 0, 0, 0)


def name_process(name: str) -> None:
    """Give this process its name in `ps` and `top`, of 15 characters at most; Linux only."""
    if sys.platform == "linux":
        with suppress(OSError):
            Path("/proc/self/comm").write_text(name)


def file_limit() -> int | None:
    """Return how many files each process may have open at once; `None` is without a limit."""
    import resource  # noqa: PLC0415  (not on Windows)

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def raise_file_limit() -> None:
    """Raise the limit of open files to what the system lets this process have, as Go does."""
    import resource  # noqa: PLC0415  (not on Windows)

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS: "unlimited" is refused
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
