"""The process that workers are forked from.

It has imported what a worker needs, and has neither an event loop nor a thread
nor a configuration, so that a fork of it is safe, is there in a millisecond,
and shares its memory. It is the workers' parent: it reaps them and tells the
supervisor how each ended.

It is started before the configuration is read, so its imports overlap with
that work.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from types import FrameType

from snake.engine.channel import Exited, Fork, Forked, Inbox, send
from snake.engine.processes import die_with_parent, name_process

_QUIET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
"""Signals that a terminal or a service manager sends to all processes of snake at once.

The supervisor acts on them. They get a handler that does nothing rather than
being ignored, because what an app executes would inherit the latter.
"""


def main(fd: int) -> None:
    """Run the zygote on the channel `fd`; in each fork of it, a worker."""
    for number in (*_QUIET, signal.SIGUSR2):
        signal.signal(number, _nothing)
    die_with_parent()
    name_process("snake-zygote")
    from snake.engine import warm, worker  # noqa: PLC0415  (signals first)

    warm.up()
    gc.collect()
    gc.freeze()
    try:
        channel = serve(socket.socket(fileno=fd))
    except ConnectionError:  # the supervisor went away while it was told something
        return
    if channel is not None:
        sys.exit(worker.main(channel))


def serve(supervisor: socket.socket) -> socket.socket | None:
    """Fork on command until the supervisor is gone. Returns a worker's channel in the worker."""
    wake, wakeup = socket.socketpair()
    for end in (wake, wakeup):
        end.settimeout(0)
    signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _nothing)
    inbox = Inbox(supervisor)
    serials: dict[int, int] = {}
    while True:
        readable, _, _ = select.select([supervisor, wake], [], [])
        if wake in readable:
            wake.recv(4096)
            _reap(supervisor, serials)
        if supervisor not in readable:
            continue
        message = inbox.receive()
        if message is None:
            return None
        if isinstance(message, Fork):
            channel = _fork(supervisor, message.serial, inbox, serials)
            if channel is not None:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for end in (supervisor, wake, wakeup):
                    end.close()
                return channel


def _fork(
    supervisor: socket.socket, serial: int, inbox: Inbox, serials: dict[int, int]
) -> socket.socket | None:
    fd = inbox.fds.pop(0)
    try:
        pid = os.fork()
    except OSError as error:
        os.close(fd)
        send(supervisor, Forked(serial, 0, f"cannot fork a worker: {error.strerror}"))
        return None
    if pid == 0:
        return socket.socket(fileno=fd)
    os.close(fd)
    serials[pid] = serial
    send(supervisor, Forked(serial, pid))
    return None


def _reap(supervisor: socket.socket, serials: dict[int, int]) -> None:
    while serials:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        send(supervisor, Exited(serials.pop(pid), os.waitstatus_to_exitcode(status)))


def _nothing(number: int, frame: FrameType | None) -> None:
    del number, frame
