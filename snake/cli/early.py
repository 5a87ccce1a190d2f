"""The processes that `snake run` needs, forked before anything else is imported.

They import what they need at the same time, each on a processor of its own,
and what the command line imports is not in them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket

    from snake.cli.loading import Reader

SERVING = frozenset({"run", "python-server"})
"""The commands that need worker processes."""


class Early(NamedTuple):
    """What was forked."""

    zygote: tuple[int, socket.socket]
    """The process that workers come from, and the channel to it."""
    reader: Reader | None
    """The process that reads the configuration, for the command that has one."""


def is_wanted(argv: Sequence[str]) -> bool:
    """Tell whether a command line is going to serve, in an environment that is known already."""
    if any(word.startswith("--envfile") for word in argv):
        return False
    return bool(SERVING.intersection(argv[1:2]))


def fork(argv: Sequence[str]) -> Early | None:
    """Fork what a command line is going to need.

    `None` where nothing is needed and where there is no fork.
    """
    if not hasattr(os, "fork") or not is_wanted(argv):
        return None
    from snake.engine import zygote  # noqa: PLC0415  (only for commands that serve)

    channel = zygote.fork()
    from snake.cli.loading import Reader, prepare  # noqa: PLC0415  (not to be in the zygote)

    return Early(channel, Reader(prepare) if argv[1] == "run" else None)
