"""The zygote: a process that others are forked from, on command.

It has imported what they need, and has neither an event loop nor a thread, so
that a fork of it is safe, is there in a millisecond, and shares its memory. It is their
parent: it reaps them and tells the supervisor how each ended.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType

from snake.fork.channel import Exited, Fork, Forked, Inbox, Kill, send

_QUIET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
"""Signals that a terminal or a service manager sends to all processes of snake at once.

The supervisor acts on them. They get a handler that does nothing rather than
being ignored, because what an app executes would inherit the latter.
"""


def be_quiet() -> None:
    """Do nothing at signals that the supervisor acts on."""
    for number in (*_QUIET, signal.SIGUSR2):
        signal.signal(number, _nothing)


class Zygote:
    """Forks on command and reaps, until the supervisor is gone."""

    def __init__(
        self, supervisor: socket.socket, share: Callable[[Sequence[str]], None] | None = None
    ) -> None:
        """Obey a supervisor; `share` makes what forks with these tickets have in common."""
        self._supervisor = supervisor
        self._share = share
        self._inbox = Inbox(supervisor)
        self._serials: dict[int, int] = {}
        self._wake, self._wakeup = socket.socketpair()
        for end in (self._wake, self._wakeup):
            end.settimeout(0)
        signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)

    def serve(self) -> socket.socket | None:
        """Return `None` at the end; in each fork, the worker's end of its channel."""
        while True:
            readable, _, _ = select.select([self._supervisor, self._wake], [], [])
            if self._wake in readable:
                self._wake.recv(4096)
                self._reap()
            if self._supervisor in readable:
                message = self._inbox.receive()
                if message is None:
                    return None
                if isinstance(message, Kill):
                    self._kill(message.serial)
                elif isinstance(message, Fork) and (channel := self._fork(message)):
                    return channel

    def _fork(self, message: Fork) -> socket.socket | None:
        """Fork; return the channel in the worker, nothing in the zygote."""
        serial = message.serial
        fd = self._inbox.fds.pop(0)
        if message.tickets and self._share is not None:
            self._share(message.tickets)
        try:
            pid = os.fork()
        except OSError as error:
            os.close(fd)
            send(self._supervisor, Forked(serial, 0, f"cannot fork a worker: {error.strerror}"))
            return None
        if pid == 0:
            self._leave()
            return socket.socket(fileno=fd)
        os.close(fd)
        self._serials[pid] = serial
        send(self._supervisor, Forked(serial, pid))
        return None

    def _kill(self, serial: int) -> None:
        for pid, known in self._serials.items():
            if known == serial:  # it is ours until it is reaped, so the number is no other's
                os.kill(pid, signal.SIGKILL)

    def _leave(self) -> None:
        """Let go, in a worker, of what is the zygote's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._supervisor, self._wake, self._wakeup):
            end.close()

    def _reap(self) -> None:
        while self._serials:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            serial = self._serials.pop(pid, None)
            if serial is not None:  # in a container it is everybody's parent
                send(self._supervisor, Exited(serial, os.waitstatus_to_exitcode(status)))


def _nothing(number: int, frame: FrameType | None) -> None:
    del number, frame
