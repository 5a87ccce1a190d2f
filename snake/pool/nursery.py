"""The nursery: a process that hosts are forked from, one for each interpreter.

The hosts of tenants are many and alike: they share what it has imported, and are there in
milliseconds. It is started with `python -S`, knows no app and no venv, and has no thread.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

from snake.fork.channel import Hello, send
from snake.fork.system import die_with_parent, name_process
from snake.fork.zygote import Zygote, be_quiet
from snake.pool import host
from snake.pool.loop import preload


def main(fd: int) -> None:
    """Be the nursery; in each fork of it, a host, and in each fork of that, a process of a pool."""
    die_with_parent()
    be_quiet()
    name_process("snake-nursery")
    supervisor = socket.socket(fileno=fd)
    preload(*sys.argv[4:6])
    # What a loop, or an app, imports when it is first used.
    asyncio.new_event_loop().close()
    ThreadPoolExecutor()
    gc.collect()
    gc.freeze()
    try:
        send(supervisor, Hello(".".join(map(str, sys.version_info[:3]))))
        channel = Zygote(supervisor).serve()
    except ConnectionError:  # the supervisor went away while it was told something
        return
    if channel is not None:
        host.run(channel)
        # No app is in it: it need not take itself apart, which would copy what is shared.
        os._exit(0)
