"""The process that workers are forked from.

It has imported what a worker needs, and has no configuration.

It is a fork of the command line itself, made before that has imported anything
a worker must not have, such as packages of which the app may bring another
version. So its imports overlap with the reading of the configuration. If it
dies, the supervisor starts another as a fresh program (`spawner`).
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Sequence

from snake.fork.channel import pair
from snake.fork.system import die_with_parent, name_process, raise_file_limit
from snake.fork.zygote import Zygote, be_quiet


def fork() -> tuple[int, socket.socket]:
    """Fork a zygote; return its process and the supervisor's end of its channel.

    The fork never returns from here: it is the zygote, later a worker, and ends.
    """
    raise_file_limit()
    ours, theirs = pair()
    # Ignored until the zygote has its own handler: Ctrl-C in these first
    # milliseconds is the supervisor's to answer, and would print a traceback there.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (pid := os.fork()) == 0:
        ours.close()
        main(theirs)
        sys.exit()
    signal.signal(signal.SIGINT, before)
    theirs.close()
    ours.settimeout(0)
    return pid, ours


def main(supervisor: socket.socket) -> None:
    """Be the zygote; in each fork of it, a worker."""
    be_quiet()
    die_with_parent()
    name_process("snake-zygote")
    # Imports leave next to no garbage, and looking for it takes a tenth of the time until
    # the first worker. What is here now, no fork looks at again, and its pages stay shared.
    gc.disable()
    from snake.engine import warm, worker  # noqa: PLC0415  (it is this process's work to import)

    warm.up()
    gc.freeze()
    gc.enable()
    try:
        channel = Zygote(supervisor, share_tickets).serve()
    except ConnectionError:  # the supervisor went away while it was told something
        return
    if channel is not None:
        sys.exit(worker.main(channel))


def share_tickets(purposes: Sequence[str]) -> None:
    """Make what workers need to open each other's session tickets."""
    from snake.tls.tickets import prepare  # noqa: PLC0415  (only with certificates)

    prepare(purposes)
