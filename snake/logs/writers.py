"""Writers: where lines go.

The lines of several processes that write to one place do not mix: files are opened with
O_APPEND, and one process at a time writes to a pipe or a socket. A place that cannot take
lines, such as a full disk or a closed pipe, loses them and not the request; that is said
once, and again when it is over.
"""

from __future__ import annotations

import os
import select
import stat
import sys
import threading

from snake.core.modules import Context, Module
from snake.logs.locks import claim, release
from snake.logs.trouble import STDERR, Trouble

STDOUT = "stdout"
_PATIENCE = 1000
"""Milliseconds that a pipe may stay full which was opened not to wait."""


class Writer:
    """Writes whole lines to a file descriptor. May be called from any thread."""

    def __init__(self, fd: int, name: str = "") -> None:
        self._fd = fd
        self.name = name
        self._lock = threading.Lock()
        self._trouble = Trouble(name, name)

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self._fd)

    def write(self, lines: bytes) -> None:
        """Write one or more whole lines."""
        try:
            with self._lock:
                self.put(lines)
        except OSError as error:
            self._trouble.begins(error, lines)
        else:
            if self._trouble.lasts:
                self._trouble.ends()

    def put(self, lines: bytes) -> None:
        """Write lines, with the lock held. Raises `OSError`."""
        _put_all(self._fd, lines)


class Stream(Writer):
    """Writes to a standard stream, or to a pipe or a terminal with a name."""

    def put(self, lines: bytes) -> None:
        """Write lines, with the lock held. Raises `OSError`."""
        if not _is_shared_pipe(self._fd):
            _put_all(self._fd, lines)
            return
        with _streams:
            is_claimed = claim(self._fd)
            try:
                _put_all(self._fd, lines)
            finally:
                if is_claimed:
                    release(self._fd)


_streams = threading.Lock()
"""fcntl's locks are a process's: they do not keep its own threads apart."""


def _is_shared_pipe(fd: int) -> bool:
    kind = stat.S_IFMT(os.fstat(fd).st_mode)
    return kind in (stat.S_IFIFO, stat.S_IFSOCK)


def _put_all(fd: int, lines: bytes) -> None:
    """Write all of it, also to what takes only a part at once. Raises `OSError`."""
    while lines:
        try:
            lines = lines[os.write(fd, lines) :]
        except BlockingIOError:
            if not _has_room(fd):
                raise


def _has_room(fd: int) -> bool:
    """Wait a moment for a pipe that does not wait by itself."""
    if sys.platform == "win32":
        return False
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(_PATIENCE))


class Nowhere(Writer):
    """Takes everything and keeps nothing."""

    def __init__(self) -> None:
        super().__init__(-1, "discard")

    @property
    def is_terminal(self) -> bool:
        """Return that nobody reads it."""
        return False

    def write(self, lines: bytes) -> None:
        """Do nothing."""
        del lines


class Stdout(Module):
    """The JSON of `caddy.logging.writers.stdout`."""

    id = "caddy.logging.writers.stdout"

    async def provision(self, ctx: Context) -> Writer:
        """Return the writer."""
        del ctx
        return Stream(1, STDOUT)


class Stderr(Module):
    """The JSON of `caddy.logging.writers.stderr`, the default."""

    id = "caddy.logging.writers.stderr"

    async def provision(self, ctx: Context) -> Writer:
        """Return the writer."""
        del ctx
        return stderr()


class Discard(Module):
    """The JSON of `caddy.logging.writers.discard`."""

    id = "caddy.logging.writers.discard"

    async def provision(self, ctx: Context) -> Writer:
        """Return the writer."""
        del ctx
        return Nowhere()


def stderr() -> Writer:
    """Return the writer to the standard error stream."""
    return Stream(2, STDERR)
