"""Writers: where lines go.

A line goes out in one write, so that the lines of several workers that write
to one place do not mix (POSIX: O_APPEND, and pipes up to PIPE_BUF). A place
that cannot take it, a full disk or a closed pipe, loses the line and not the
request.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from snake.core.errors import StartError
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


class File(Module):
    """The JSON of `caddy.logging.writers.file`: appends to a file and never rolls it.

    `mode` is 0600 unless given. Missing folders are made with `dir_mode`, an
    octal number, 0700 unless given.
    """

    id = "caddy.logging.writers.file"

    filename: str = ""
    mode: str = ""
    dir_mode: str = ""
    roll: bool | None = None
    roll_size_mb: int = 0
    roll_interval: int | str = 0
    roll_minutes: tuple[int, ...] = ()
    roll_at: tuple[str, ...] = ()
    roll_gzip: bool | None = None
    roll_compression: str = ""
    roll_local_time: bool = False
    roll_keep: int = 0
    roll_keep_days: int = 0
    backup_time_format: str = ""

    async def provision(self, ctx: Context) -> Writer:
        """Open the file. Raises `ConfigError`, and `StartError` when it cannot be opened."""
        if not self.filename:
            raise ctx.fail("filename is required")
        for field in self.__struct_fields__:
            if field.startswith(("roll_", "backup_")) and getattr(self, field):
                raise ctx.at(field).fail(
                    "log files are not rolled in this version of snake; use logrotate "
                    'with copytruncate, and write "roll_disabled" here'
                )
        mode = _octal(ctx.at("mode"), self.mode, 0o600)
        dir_mode = _octal(ctx.at("dir_mode"), self.dir_mode, 0o700)
        return await ctx.enter(_opened(Path(self.filename), mode, dir_mode))


@asynccontextmanager
async def _opened(path: Path, mode: int, dir_mode: int) -> AsyncIterator[Writer]:
    try:
        path.parent.mkdir(mode=dir_mode, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, mode)
    except OSError as error:
        raise StartError(f"cannot open the log file {path}: {error.strerror}") from None
    try:
        yield Writer(fd)
    finally:
        os.close(fd)


def _octal(ctx: Context, text: str, default: int) -> int:
    try:
        return int(text, 8) if text else default
    except ValueError:
        raise ctx.fail(f'"{text}" is no octal mode, like 0640') from None


def stderr() -> Writer:
    """Return the writer to the standard error stream."""
    return Writer(2)
