"""The file writer: appends lines to a file, which is rolled when it is large or it is time."""

from __future__ import annotations

import math
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from msgspec.structs import replace

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import Words, subdirectives
from snake.config.struct import Duration, seconds
from snake.core.errors import StartError
from snake.core.layout import Layout, layout
from snake.core.modules import Context, Module
from snake.core.numbers import integer
from snake.core.record import Record
from snake.core.suggest import suggestion
from snake.core.surroundings import PlaceholderError, fill
from snake.core.units import SECOND, duration, size
from snake.logs.backups import USUAL, Backups
from snake.logs.keeping import Care, Keeping
from snake.logs.looks import looking
from snake.logs.schedule import Schedule
from snake.logs.shared_file import MEBIBYTE, Place, SharedFile
from snake.logs.writers import Stream, Writer

COMPRESSIONS = ("none", "gzip", "zstd")

_MODE = 0o600
_FOLDER_MODE = 0o700
_LARGEST_MODE = 0xFFFF_FFFF
_HOUR = 3600 * SECOND
_HOURS_A_DAY = 24
_MINUTES = 60
_LARGEST = 100
_KEEP = 10
_KEEP_DAYS = 90
_CLOCK = re.compile("([0-9]{1,2}):([0-9]{1,2})")


class File(Module):
    """The JSON of `caddy.logging.writers.file`: appends to a file, and rolls it.

    The name of the file may have placeholders that need no request, like `{env.HOME}`.
    It is rolled at `roll_size_mb`, 100 unless given; `roll_interval` after the last time; and at
    `roll_minutes` of each hour and `roll_at`, times in UTC unless `roll_local_time` is set. Of
    what it is rolled into, `roll_keep` are kept, 10 unless given, for `roll_keep_days`, 90
    unless given; below 0, all. `"roll": false` leaves it as it is.
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
        try:
            path = _absolute(fill(self.filename))
        except PlaceholderError as error:
            raise ctx.at("filename").fail(f"invalid filename for log file: {error}") from None
        mode = _octal(ctx.at("mode"), self.mode, 0)
        dir_mode = self._dir_mode(ctx.at("dir_mode"), path.parent, mode or _MODE)
        rolling = self._rolling(ctx)
        if not _is_regular(path):
            return await ctx.enter(_stream(path))
        place = Place(_of_link(path), mode or _MODE, dir_mode, bool(mode))
        return await self._opened(ctx, place, rolling if self.roll is not False else None)

    async def _opened(self, ctx: Context, place: Place, rolling: Rolling | None) -> Writer:
        if rolling is None:
            return await ctx.enter(_file(place))
        backups = Backups(place.path, rolling.form, local=self.roll_local_time)
        file = await ctx.enter(_file(place, rolling.largest, backups))
        if ctx.service(Care) is not None:
            # It is the supervisor's, and each worker has what this imports for nothing.
            from snake.logs.caretaker import Charge, caring  # noqa: PLC0415

            charge = Charge(file, str(place.path), backups, rolling.keeping, rolling.schedule)
            await ctx.enter(caring(charge))
        return file

    def _rolling(self, ctx: Context) -> Rolling:
        """Check all that is said of rolling, and put in what is not. Raises `ConfigError`."""
        compression = self.roll_compression.strip().lower()
        if compression not in ("", *COMPRESSIONS):
            hint = suggestion(compression, COMPRESSIONS)
            raise ctx.at("roll_compression").fail(
                f'unknown compression "{self.roll_compression}"{hint}; one of none, gzip, zstd'
            )
        form = layout(self.backup_time_format or USUAL)
        if not form.reads_what_it_writes():
            raise ctx.at("backup_time_format").fail(
                f'"{form.text}" does not tell two seconds apart; write how Monday, 2 January 2006, '
                f"15:04:05 shall look, as in {USUAL}"
            )
        usual = "none" if self.roll_gzip is False else "gzip"
        keeping = Keeping(
            self.roll_keep or _KEEP, self.roll_keep_days or _KEEP_DAYS, compression or usual
        )
        if self.roll_size_mb < 0:
            raise ctx.at("roll_size_mb").fail(f"{self.roll_size_mb} is no size")
        interval = seconds(self.roll_interval, ctx.at("roll_interval").path) or 0.0
        schedule = Schedule(interval, self._marks(ctx), self.roll_local_time)
        largest = (self.roll_size_mb or _LARGEST) * MEBIBYTE
        return Rolling(largest, keeping, schedule, form)

    def _marks(self, ctx: Context) -> tuple[tuple[int, int], ...]:
        found = set()
        for place, minute in enumerate(self.roll_minutes):
            if not 0 <= minute < _MINUTES:
                raise ctx.at("roll_minutes", place).fail(f"{minute} is no minute; 0 to 59 are")
            found |= {(hour, minute) for hour in range(_HOURS_A_DAY)}
        for place, text in enumerate(self.roll_at):
            match = _CLOCK.fullmatch(text)
            if match is None or int(match[1]) >= _HOURS_A_DAY or int(match[2]) >= _MINUTES:
                raise ctx.at("roll_at", place).fail(f'"{text}" is no time of a day, like 03:30')
            found.add((int(match[1]), int(match[2])))
        return tuple(sorted(found))

    def _dir_mode(self, ctx: Context, folder: Path, mode: int) -> int:
        match self.dir_mode.strip().lower():
            case "inherit":
                above = next(each for each in (folder, *folder.parents) if each.exists())
                return _enterable(above.stat().st_mode & 0o777)
            case "from_file":
                return _enterable(mode) | 0o200
            case text:
                return _octal(ctx, text, _FOLDER_MODE)


class Rolling(Record):
    """How a file is rolled."""

    largest: int
    """In bytes."""
    keeping: Keeping
    schedule: Schedule
    form: Layout


@asynccontextmanager
async def _file(
    place: Place, largest: int = 0, backups: Backups | None = None
) -> AsyncIterator[SharedFile]:
    try:
        if place.is_mode_given and place.path.exists():
            place.path.chmod(place.mode)
        file = SharedFile(place, largest, backups)
    except OSError as error:
        raise StartError(f"cannot open the log file {place.path}: {error.strerror}") from None
    try:
        with looking(file):
            yield file
    finally:
        file.close()


@asynccontextmanager
async def _stream(path: Path) -> AsyncIterator[Writer]:
    """Open what is no file, such as `/dev/stdout` or a named pipe."""
    try:
        fd = _opened_stream(path)
    except OSError as error:
        raise StartError(f"cannot open the log file {path}: {error.strerror}") from None
    try:
        yield Stream(fd, str(path))
    finally:
        os.close(fd)


def _absolute(name: str) -> Path:
    return Path(os.path.abspath(name))  # noqa: PTH100  (Path would leave `a/..` as it is)


def _opened_stream(path: Path) -> int:
    # A pipe may have no reader yet, which is no reason to wait for one.
    flags = os.O_RDWR | os.O_NONBLOCK if path.is_fifo() else os.O_WRONLY
    return os.open(path, flags | os.O_APPEND)


_STANDARD = (Path("/dev/stdout"), Path("/dev/stderr"))


def _is_regular(path: Path) -> bool:
    if path in _STANDARD or path.is_relative_to("/dev/fd") or path.is_relative_to("/proc"):
        return False  # whatever they lead to, it is not ours to rename
    return path.is_file() or path.is_dir() or not path.exists()


def _of_link(path: Path) -> Path:
    """Return where a file is that is named by a link: its backups are beside it."""
    return path.resolve() if path.is_symlink() else path


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
    return math.ceil(float(sub.value(size)) / MEBIBYTE)


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
