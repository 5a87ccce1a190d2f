"""Backups: the files that a log was rolled into, named as Caddy names them.

`access.log` is rolled into `access-2006-01-02T15-04-05.000-size.log`: the moment, and why,
`size` or `time`. Compressed, the name has `.gz` or `.zst` at its end. So a folder that one
server has begun the other goes on with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from snake.core.layout import Layout, layout
from snake.core.record import Record

USUAL = "2006-01-02T15-04-05.000"
"""The layout of the moment in a name."""

SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst"}
"""By compression: what the name of a compressed file has at its end."""


class Backup(Record):
    """One file."""

    path: Path
    moment: datetime
    reason: str

    @property
    def is_compressed(self) -> bool:
        """Whether its name says so."""
        return self.path.name.endswith((".gz", ".zst"))


class Backups:
    """The backups of one log. May be used from any thread."""

    def __init__(self, path: Path, form: Layout | None = None, *, local: bool = False) -> None:
        self._folder = path.parent
        dot = path.name.rfind(".")
        self._stem, self._suffix = (
            (path.name, "") if dot < 0 else (path.name[:dot], path.name[dot:])
        )
        self._layout = form or layout(USUAL)
        self._local = local

    def free(self, moment: datetime, reason: str) -> Path:
        """Return a name that no file has yet, for a log that is rolled at a moment.

        Two that are rolled in one moment get the next ones that the layout can tell apart.
        """
        step = timedelta(microseconds=10 ** max(6 - self._layout.digits, 0))
        moment = moment.astimezone(None if self._local else UTC)
        while True:
            name = f"{self._stem}-{self._layout.write(moment)}-{reason}{self._suffix}"
            path = self._folder / name
            if not any(os.path.lexists(f"{path}{suffix}") for suffix in SUFFIXES.values()):
                return path
            moment += step

    def __iter__(self) -> Iterator[Backup]:
        """Yield them, the newest first. Raises `OSError`."""
        found = (self._read(path) for path in self._folder.iterdir())
        return iter(
            sorted(
                (backup for backup in found if backup is not None),
                key=lambda backup: backup.moment,
                reverse=True,
            )
        )

    def _read(self, path: Path) -> Backup | None:
        name = path.name
        for suffix in SUFFIXES.values():
            end = self._suffix + suffix
            if name.startswith(f"{self._stem}-") and name.endswith(end):
                middle = name[len(self._stem) + 1 : len(name) - len(end)]
                written, dash, reason = middle.rpartition("-")
                moment = self._layout.read(written, local=self._local) if dash else None
                if moment is not None and not path.is_dir():
                    return Backup(path, moment, reason)
        return None
