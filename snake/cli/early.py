"""The processes that `snake run` needs, forked before anything else is imported.

What all of them and the supervisor need is imported first: once, and in memory that they
share. The rest they import at the same time, each on a processor of its own, and what only
the command line imports is not in them.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket

    from snake.engine.reader import Reader

SERVING = frozenset({"run", "python-server", "file-server", "respond", "reverse-proxy"})
"""The commands that need worker processes."""


class Early(NamedTuple):
    """What was forked."""

    zygote: tuple[int, socket.socket]
    """The process that workers come from, and the channel to it."""
    reader: Reader | None
    """The process that reads the configuration, for the command that has one."""


def is_wanted(argv: Sequence[str]) -> bool:
    """Tell whether a command line is going to serve, in an environment that is known already."""
    if any(word.startswith("--envfile") or word == "export-template" for word in argv):
        return False
    return bool(SERVING.intersection(argv[1:2]))


def fork(argv: Sequence[str]) -> Early | None:
    """Fork what a command line is going to need.

    `None` where nothing is needed and where there is no fork.
    """
    if not hasattr(os, "fork") or not is_wanted(argv):
        return None
    gc.disable()
    with _silent_interrupts():
        from snake.engine import warm, zygote  # noqa: PLC0415  (only for commands that serve)
        from snake.engine.inherited import keep_from_others  # noqa: PLC0415
        from snake.fork.system import keep_capabilities  # noqa: PLC0415

        keep_from_others()
        keep_capabilities()
        warm.share()
    # A collection would write to all of it, and then it would be shared no longer.
    gc.freeze()
    gc.enable()
    channel = zygote.fork()
    from snake.engine.reader import Reader, prepare  # noqa: PLC0415  (not to be in the zygote)

    return Early(channel, Reader(prepare) if argv[1] == "run" else None)


@contextmanager
def _silent_interrupts() -> Iterator[None]:
    """Let Ctrl-C end this process while nobody would catch what it raises."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
