"""Tidying: compresses the backups of a log, and deletes those that are too many or too old.

What was begun by a process that was killed is begun anew, and a backup goes only when what
was made of it is complete. It is done beside the requests, by the supervisor.
"""

from __future__ import annotations

import gzip
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import IO

from snake.logs.backups import SUFFIXES, Backup, Backups
from snake.logs.keeping import Keeping
from snake.logs.locks import lock
from snake.logs.trouble import complain

_PART = 1 << 18
_LEVEL = 6


def tidy(backups: Backups, keeping: Keeping, stopped: Event) -> None:
    """Do all that is to be done; end before that when `stopped` is set."""
    try:
        kept, too_many = divided(list(backups), keeping, datetime.now(UTC))
        for backup in too_many:
            backup.path.unlink(missing_ok=True)
        suffix = SUFFIXES[keeping.compression]
        for backup in kept if suffix else ():
            if not backup.is_compressed and not stopped.is_set():
                _compress(backup.path, suffix, stopped)
    except OSError as error:
        complain("cannot tidy up rolled log files", error=str(error))


def divided(
    backups: list[Backup], keeping: Keeping, now: datetime
) -> tuple[list[Backup], list[Backup]]:
    """Divide backups, the newest first, into those that are kept and the others."""
    moments = sorted({backup.moment for backup in backups}, reverse=True)
    if keeping.number > 0:
        moments = moments[: keeping.number]
    if keeping.days > 0:
        oldest = now - timedelta(days=keeping.days)
        moments = [moment for moment in moments if moment >= oldest]
    kept = set(moments)
    return (
        [backup for backup in backups if backup.moment in kept],
        [backup for backup in backups if backup.moment not in kept],
    )


def _compress(path: Path, suffix: str, stopped: Event) -> None:
    """Compress a file; it is deleted once the compressed one is complete and in place.

    The one in the making has `.tmp` at its end, and is locked by who makes it.
    """
    made = Path(f"{path}{suffix}")
    if made.exists() and made.stat().st_size:
        path.unlink(missing_ok=True)
        return
    temporary = Path(f"{made}.tmp")
    with suppress(FileNotFoundError), path.open("rb") as source, _claimed(temporary) as target:
        if target is None or not lock(source.fileno(), exclusive=True):
            return
        os.ftruncate(target.fileno(), 0)
        with _compressor(target, suffix) as compressor:
            while (part := source.read(_PART)) and not stopped.is_set():
                compressor.write(part)
        if stopped.is_set():
            return
        target.flush()
        _give(target.fileno(), os.fstat(source.fileno()))
        temporary.rename(made)
        path.unlink(missing_ok=True)


@contextmanager
def _claimed(path: Path) -> Iterator[IO[bytes] | None]:
    """Open a file to write that nobody else writes; `None` when somebody does."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(fd, "wb") as file:
        if not lock(fd, exclusive=True, patience=0):
            yield None
            return
        yield file
        with suppress(OSError):
            if path.exists() and os.path.samestat(path.stat(), os.fstat(fd)):
                path.unlink()


@contextmanager
def _compressor(target: IO[bytes], suffix: str) -> Iterator[IO[bytes]]:
    if suffix == ".gz":
        with gzip.GzipFile("", "wb", _LEVEL, target) as compressor:
            yield compressor  # type: ignore[misc]
        return
    import zstandard  # noqa: PLC0415  (few choose it)

    with zstandard.ZstdCompressor().stream_writer(target, closefd=False) as compressor:
        yield compressor


def _give(fd: int, before: os.stat_result) -> None:
    """Let those read a file who may read another."""
    with suppress(OSError, AttributeError):
        os.fchmod(fd, stat.S_IMODE(before.st_mode))
    with suppress(OSError, AttributeError):
        os.fchown(fd, before.st_uid, before.st_gid)
