"""The file writer: appends lines to a file."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from msgspec.structs import replace

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import Words, subdirectives
from snake.config.struct import Duration
from snake.core.errors import StartError
from snake.core.modules import Context, Module
from snake.core.numbers import integer
from snake.core.suggest import suggestion
from snake.core.surroundings import PlaceholderError, fill
from snake.core.units import SECOND, duration, size
from snake.logs.writers import Writer

COMPRESSIONS = ("none", "gzip", "zstd")

_MODE = 0o600
_FOLDER_MODE = 0o700
_LARGEST_MODE = 0xFFFF_FFFF
_HOUR = 3600 * SECOND
_HOURS_A_DAY = 24
_MEBIBYTE = 1 << 20


class File(Module):
    """The JSON of `caddy.logging.writers.file`: appends to a file and never rolls it.

    The name of the file may have placeholders that need no request, like `{env.HOME}`.
    `mode` is 0600 unless given. Missing folders are made with `dir_mode`: an octal number,
    0700 unless given; `inherit` for the mode of the folder that they are made in; `from_file`
    for that of the file. Who may read a folder may also enter it.
    """

    id = "caddy.logging.writers.file"

    filename: str = ""
    mode: str = ""
    dir_mode: str = ""
    roll: bool | None = None
    roll_size_mb: int = 0
    roll_interval: Duration = 0
    roll_minutes: tuple[int, ...] = ()
    roll_at: tuple[str, ...] = ()
    roll_gzip: bool | None = None
    roll_compression: str = ""
    roll_local_time: bool = False
    roll_keep: int = 0
    roll_keep_days: int = 0
    backup_time_format: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `file <path> { … }`; the last of each subdirective counts."""
        del guests
        fields: dict[str, Any] = {"filename": line.arg()}
        for sub in subdirectives(line, _READERS):
            field, read = _READERS[sub.name]
            fields[field] = read(sub)
        return cls(**fields)

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
        try:
            path = Path(fill(self.filename))
        except PlaceholderError as error:
            raise ctx.at("filename").fail(f"invalid filename for log file: {error}") from None
        mode = _octal(ctx.at("mode"), self.mode, _MODE)
        dir_mode = self._dir_mode(ctx.at("dir_mode"), path.parent, mode)
        return await ctx.enter(_opened(path, mode, dir_mode))

    def _dir_mode(self, ctx: Context, folder: Path, mode: int) -> int:
        match self.dir_mode.strip().lower():
            case "inherit":
                above = next(each for each in (folder, *folder.parents) if each.exists())
                return _enterable(above.stat().st_mode & 0o777)
            case "from_file":
                return _enterable(mode) | 0o200
            case text:
                return _octal(ctx, text, _FOLDER_MODE)


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
    mode = _mode_of(text)
    if mode is None:
        raise ctx.fail(f'"{text}" is no octal mode, like 0640')
    return mode or default


def _mode_of(text: str) -> int | None:
    """Return the mode that octal digits give, 0 for none; `None` for anything else."""
    if set(text) - set("01234567"):
        return None
    mode = int(text or "0", 8)
    return mode if mode <= _LARGEST_MODE else None


def _enterable(mode: int) -> int:
    """Return a mode that lets those enter who may read."""
    return mode | (mode & 0o444) >> 2


def _mode(sub: Words) -> str:
    token = sub.only()
    mode = _mode_of(token.text)
    if mode is None:
        token.fail(f"{sub.name}: {token} is no octal mode, like 0640")
    return f"{mode:04o}" if mode else ""


def _dir_mode(sub: Words) -> str:
    token = sub.only()
    text = token.text.strip()
    if text.lower() not in ("inherit", "from_file") and _mode_of(text) is None:
        token.fail(f"dir_mode: {token} is neither an octal mode, like 0750, nor inherit, from_file")
    return text


def _disabled(sub: Words) -> bool:
    sub.none()
    return False


def _enabled(sub: Words) -> bool:
    sub.none()
    return True


def _mebibytes(sub: Words) -> int:
    return math.ceil(float(sub.value(size)) / _MEBIBYTE)


def _days(sub: Words) -> int:
    token = sub.only()
    time = sub.read(token, duration)
    if time < 0:
        token.fail(f"negative roll_keep_for duration: {token}")
    whole, rest = divmod(time, _HOUR)
    return math.ceil((float(whole) + rest / _HOUR) / _HOURS_A_DAY)


def _compression(sub: Words) -> str:
    token = sub.only()
    text = token.text.strip().lower()
    if text not in COMPRESSIONS:
        token.fail(
            f"roll_compression must be {' or '.join(COMPRESSIONS)}, got {token}"
            f"{suggestion(text, COMPRESSIONS)}"
        )
    return text


def _parts(sub: Words) -> Iterator[Token]:
    """Yield what stands between spaces and commas."""
    for token in sub.some():
        for text in token.text.split(","):
            if not text.strip():
                token.fail(f"{sub.name}: empty value in '{token}'")
            yield replace(token, text=text.strip())


def _minutes(sub: Words) -> tuple[int, ...]:
    return tuple(sub.read(part, integer) for part in _parts(sub))


def _times(sub: Words) -> tuple[str, ...]:
    return tuple(part.text for part in _parts(sub))


_READERS: Mapping[str, tuple[str, Callable[[Words], object]]] = {
    "mode": ("mode", _mode),
    "dir_mode": ("dir_mode", _dir_mode),
    "roll_disabled": ("roll", _disabled),
    "roll_size": ("roll_size_mb", _mebibytes),
    "roll_interval": ("roll_interval", lambda sub: sub.value(duration)),
    "roll_minutes": ("roll_minutes", _minutes),
    "roll_at": ("roll_at", _times),
    "roll_uncompressed": ("roll_gzip", _disabled),
    "roll_compression": ("roll_compression", _compression),
    "roll_local_time": ("roll_local_time", _enabled),
    "roll_keep": ("roll_keep", lambda sub: sub.value(integer)),
    "roll_keep_for": ("roll_keep_days", _days),
    "backup_time_format": ("backup_time_format", lambda sub: sub.only().text),
}
"""By subdirective: the field that it sets, and how it is read."""
