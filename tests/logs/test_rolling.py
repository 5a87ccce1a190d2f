"""What becomes of rolled log files, and when they are rolled without being large."""

from __future__ import annotations

import asyncio
import gzip
import os
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
import zstandard

from snake.core.layout import layout
from snake.core.modules import Context, Registry
from snake.logs.backups import Backup, Backups
from snake.logs.file import File
from snake.logs.keeping import Care, Keeping
from snake.logs.locks import lock
from snake.logs.schedule import Schedule
from snake.logs.tidying import divided, tidy
from snake.standard import MODULES

HOUR = 3600
NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC).timestamp()
OURS = "a-2026-11-26T20-21-32.068-size.log"


def names(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_backups_have_the_names_that_caddy_gives_them(tmp_path: Path) -> None:
    """All forms are found, the newest first; other files are none of ours."""
    found = [
        *(OURS, "a-2026-11-26T20-21-33.375-time.log.gz", "a-2026-11-26T20-21-33.482-size.log.zst"),
        *("a.log", "b-2026-11-26T20-21-32.068-size.log", "a-old.log", "a-2026-11-26-size.log"),
        *(f"{OURS}.gz.tmp", "a-2026-13-26T20-21-32.068-size.log"),
    ]
    for name in found:
        (tmp_path / name).touch()
    (tmp_path / "a-2026-11-26T20-21-32.069-size.log").mkdir()
    backups = list(Backups(tmp_path / "a.log"))
    assert [backup.path.name for backup in backups] == [found[2], found[1], found[0]]
    assert [backup.is_compressed for backup in backups] == [True, True, False]
    assert [backup.reason for backup in backups] == ["size", "time", "size"]


@pytest.mark.parametrize(
    ("name", "form", "backup"),
    [
        ("a.log", "", "a-2026-03-05T12-00-00.000-size.log"),
        ("a", "", "a-2026-03-05T12-00-00.000-size"),
        (".log", "", "-2026-03-05T12-00-00.000-size.log"),
        ("a.b.log", "20060102150405", "a.b-20260305120000-size.log"),
    ],
)
def test_names_of_backups(tmp_path: Path, name: str, form: str, backup: str) -> None:
    """The moment and the reason stand before the last dot; one that is taken is not given."""
    backups = Backups(tmp_path / name, layout(form) if form else None)
    moment = datetime.fromtimestamp(NOON, UTC)
    assert backups.free(moment, "size").name == backup
    (tmp_path / f"{backup}.gz").touch()
    other = backups.free(moment, "size")
    assert other.name != backup
    other.touch()
    assert [found.path.name for found in backups] == [other.name, f"{backup}.gz"]


def test_what_is_kept() -> None:
    """So many moments, and none that is older than so many days; a moment may have two files."""
    now = datetime.fromtimestamp(NOON, UTC)
    backups = [
        Backup(Path(f"{days}{suffix}"), now - timedelta(days=days), "size")
        for days in range(5)
        for suffix in ("", ".gz")
    ]

    def kept(number: int, days: int) -> list[str]:
        keeping = Keeping(number, days, "gzip")
        return [backup.path.name for backup in divided(backups, keeping, now)[0]]

    assert kept(2, 0) == ["0", "0.gz", "1", "1.gz"]
    assert kept(0, 2) == ["0", "0.gz", "1", "1.gz", "2", "2.gz"]
    assert len(kept(-1, -1)) == 10


@pytest.mark.parametrize(("compression", "suffix"), [("gzip", ".gz"), ("zstd", ".zst")])
def test_backups_are_compressed(tmp_path: Path, compression: str, suffix: str) -> None:
    """With the mode of the file; what a killed process had begun is begun anew."""
    text = os.urandom(300_000)
    (tmp_path / OURS).write_bytes(text)
    (tmp_path / OURS).chmod(0o640)
    (tmp_path / f"{OURS}{suffix}.tmp").write_bytes(b"half" * 200_000)
    tidy(Backups(tmp_path / "a.log"), Keeping(10, 0, compression), Event())
    assert names(tmp_path) == [f"{OURS}{suffix}"]
    made = tmp_path / f"{OURS}{suffix}"
    unpack = {
        ".gz": gzip.decompress,
        ".zst": zstandard.ZstdDecompressor().decompressobj().decompress,
    }
    assert unpack[suffix](made.read_bytes()) == text
    assert made.stat().st_mode & 0o777 == 0o640


def test_a_backup_that_was_compressed_and_not_deleted(tmp_path: Path) -> None:
    """It is deleted, if what was made of it is not empty."""
    (tmp_path / OURS).write_bytes(b"x")
    (tmp_path / f"{OURS}.gz").write_bytes(gzip.compress(b"x"))
    tidy(Backups(tmp_path / "a.log"), Keeping(10, 0, "gzip"), Event())
    assert names(tmp_path) == [f"{OURS}.gz"]


def test_two_do_not_compress_one_file(tmp_path: Path) -> None:
    """Who comes second leaves it to the first; who is stopped leaves it as it was."""
    (tmp_path / OURS).write_bytes(b"x")
    other = os.open(tmp_path / f"{OURS}.gz.tmp", os.O_RDWR | os.O_CREAT)
    assert lock(other, exclusive=True)
    tidy(Backups(tmp_path / "a.log"), Keeping(10, 0, "gzip"), Event())
    assert names(tmp_path) == [OURS, f"{OURS}.gz.tmp"]
    os.close(other)
    stopped = Event()
    stopped.set()
    tidy(Backups(tmp_path / "a.log"), Keeping(10, 0, "gzip"), stopped)
    assert OURS in names(tmp_path)


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        (Schedule(interval=2 * HOUR), 1),
        (Schedule(marks=((12, 0),)), 24),
        (Schedule(marks=((0, 0), (12, 30))), 0.5),
        (Schedule(interval=HOUR / 2, marks=((13, 0),)), -0.5),
    ],
)
def test_when_it_is_time(schedule: Schedule, hours: float) -> None:
    """So long after the last time, or at the next mark after now, whichever is first."""
    assert schedule.due(NOON - HOUR, NOON) == NOON + hours * HOUR


def test_marks_are_in_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also over a change of the clock."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        evening = datetime(2026, 3, 28, 20, 0, tzinfo=UTC).timestamp()
        schedule = Schedule(marks=((4, 0),), local=True)
        assert schedule.due(0, evening) == datetime(2026, 3, 29, 2, 0, tzinfo=UTC).timestamp()
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_a_file_is_rolled_without_traffic_and_tidied(tmp_path: Path) -> None:
    """The supervisor's caretaker does it: after the interval, once there is something."""
    (tmp_path / OURS).write_bytes(b"x")
    config = File(filename=str(tmp_path / "a.log"), roll_interval=1_000_000_000, roll_keep=2)
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack, {Care: Care()})
        writer = await config.provision(ctx)
        writer.write(b"line\n")
        async with asyncio.timeout(10):
            while not any("-time.log.gz" in name for name in names(tmp_path)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        writer.write(b"next\n")
    assert len(list(Backups(tmp_path / "a.log"))) <= 2
    assert (tmp_path / "a.log").read_bytes() == b"next\n"
