"""Writers: where lines go.

A line goes out in one write, so that the lines of several workers that write
to one place do not mix (POSIX: O_APPEND, and pipes up to PIPE_BUF). A place
that cannot take it, a full disk or a closed pipe, loses the line and not the
request.
"""

from __future__ import annotations

import contextlib
import os

from snake.core.modules import Context, Module


class Writer:
    """Writes whole lines to a file descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self._fd)

    def write(self, lines: bytes) -> None:
        """Write one or more whole lines."""
        with contextlib.suppress(OSError):
            rest = lines[os.write(self._fd, lines) :]
            while rest:
                rest = rest[os.write(self._fd, rest) :]


class _Nowhere(Writer):
    def __init__(self) -> None:
        super().__init__(-1)

    def write(self, lines: bytes) -> None:
        del lines


class Stdout(Module):
    """The JSON of `caddy.logging.writers.stdout`."""

    id = "caddy.logging.writers.stdout"

    async def provision(self, ctx: Context) -> Writer:
        """Return the writer."""
        del ctx
        return Writer(1)


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
        return _Nowhere()


def stderr() -> Writer:
    """Return the writer to the standard error stream."""
    return Writer(2)
