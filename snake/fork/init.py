"""Init: what a process has to be when its number is 1, as the first of a container is.

The kernel treats it as no other (pid_namespaces(7)): whatever loses its parent becomes its child,
and stays a zombie until it is waited for; a signal that it has no handler for is not delivered.
snake lets a process of a few lines be that, and goes on as its child. So nothing else in it has
to know which children are whose, and apps may start what they like.
"""

from __future__ import annotations

import os
import signal

_FAULTS = {
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL),
    *(signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS),
}
"""Signals that mean the process itself; they are not held back."""
_FROM_KERNEL = 0x80
"""SI_KERNEL, such as for Ctrl-C: all processes of the terminal get it, the child too."""
_KILLED = 128
"""What a shell adds to the number of the signal that ended a process."""


def stay_as_init() -> None:
    """Return in a child, which is to do the work; the process itself is its init to the end.

    It hands on signals, waits for whatever ends, and exits as the child does.
    """
    held = signal.valid_signals() - _FAULTS
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    os._exit(_attend(child, held))


def _attend(child: int, held: set[signal.Signals]) -> int:
    """Wait for the child's end, and do what an init does meanwhile; return its exit code."""
    while True:
        told = signal.sigwaitinfo(held)
        if told.si_signo == signal.SIGCHLD:
            ended = _ended(child)
            if ended is not None:
                return ended
        elif told.si_code != _FROM_KERNEL:
            os.kill(child, told.si_signo)


def _ended(child: int) -> int | None:
    """Wait for all that have ended; return the child's exit code if it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            exit_code = os.waitstatus_to_exitcode(status)
            code = exit_code if exit_code >= 0 else _KILLED - exit_code
