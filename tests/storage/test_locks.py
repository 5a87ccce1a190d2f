"""Locks: of one machine, of many, and those of Caddy."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from snake.storage.folder import FileStorage
from snake.storage.held import held
from snake.storage.lock_file import STALE, LockFile
from snake.storage.redis_storage import LEASE, RedisStorage
from snake.storage.storage import Storage, StorageError
from tests.storage.caddys import serving

NAME = "issue_cert_localhost"
SECOND = 10**9
PATIENCE = 30.0


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        """Return nanoseconds since the epoch."""
        return self.now


def is_held(lock: LockFile) -> bool:
    """Whether another one has a lock."""
    return not lock.take()


def test_lock_file_is_that_of_caddy(tmp_path: Path) -> None:
    """It says since when it is held, and that its holder lives."""
    clock = Clock()
    lock = LockFile(tmp_path / "locks" / "a.lock", clock)
    assert lock.take()
    clock.now += 5 * SECOND + 1
    assert lock.refresh()

    assert lock.path.read_text() == (
        '{"created":"2027-01-15T08:00:00.000000000Z","updated":"2027-01-15T08:00:05.000000001Z"}\n'
    )
    assert lock.path.stat().st_mode & 0o777 == 0o600
    assert lock.path.parent.stat().st_mode & 0o777 == 0o700
    lock.release()
    assert list(lock.path.parent.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        '{"created":"2027-01-15T08:00:00Z","updated":"2027-01-15T08:00:00Z"}\n',
        '{"created":"2027-01-15T08:00:00.12Z","updated":"0001-01-01T00:00:00Z"}',
        '{"created":"2026-01-01T00:00:00Z","updated":"2027-01-15T10:00:00.123456789+02:00"}',
        '{"created":"2027-01-15T08:00:00Z"}',
    ],
)
def test_holder_that_was_killed(tmp_path: Path, content: str) -> None:
    """A lock that nobody refreshes is free after twice the time between two refreshes."""
    clock = Clock()
    lock = LockFile(tmp_path / "a.lock", clock)
    lock.path.write_text(content)

    assert is_held(lock)
    clock.now += int(STALE) * SECOND - SECOND
    assert is_held(lock)
    clock.now += 2 * SECOND
    assert lock.take()
    assert is_held(LockFile(lock.path, clock))
    assert [each.name for each in tmp_path.iterdir()] == ["a.lock"]


def test_clock_that_was_set_back(tmp_path: Path) -> None:
    """A lock whose time is to come is free when nobody has refreshed it for as long."""
    clock, ticks = Clock(), Clock()
    lock = LockFile(tmp_path / "a.lock", clock, lambda: ticks() / SECOND)
    for time_of in ("2028-01-01T00:00:00Z", "2028-01-01T00:00:05Z"):
        lock.path.write_text(f'{{"created":"2028-01-01T00:00:00Z","updated":"{time_of}"}}\n')
        assert is_held(lock)
        ticks.now += int(STALE) * SECOND - SECOND
        assert is_held(lock)
    ticks.now += 2 * SECOND
    assert lock.take()


@pytest.mark.parametrize("content", ["", "{", "null", '{"created":"yesterday"}', "\0\0"])
def test_lock_that_says_nothing(tmp_path: Path, content: str) -> None:
    """A lock without a time is as old as its file: it is being written, or its holder is dead."""
    clock = Clock()
    lock = LockFile(tmp_path / "a.lock", clock)
    lock.path.write_text(content)
    os.utime(lock.path, (clock.now / SECOND, clock.now / SECOND))

    assert is_held(lock)
    clock.now += int(STALE + 1) * SECOND
    assert lock.take()


def test_lock_that_was_taken_over(tmp_path: Path) -> None:
    """Who has slept too long neither refreshes nor removes what is another's by now."""
    clock = Clock()
    one, other = (LockFile(tmp_path / "a.lock", clock) for _ in range(2))
    assert one.take()
    clock.now += int(STALE + 1) * SECOND
    assert other.take()

    assert not one.refresh()
    one.release()
    assert other.refresh()
    other.release()
    assert not other.refresh()


def test_stale_lock_goes_to_one(tmp_path: Path) -> None:
    """Of several processes that find a stale lock, one gets it."""
    path = tmp_path / "a.lock"
    path.write_text('{"created":"2026-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z"}\n')
    code = (
        "import sys, pathlib, snake.storage.lock_file as l;"
        "lock = l.LockFile(pathlib.Path(sys.argv[1])); sys.stdin.read(1);"
        "print(sum(lock.take() for _ in range(50)))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()

    assert sum(int(process.communicate(timeout=20)[0]) for process in processes) == 1


async def test_lost_lock_ends_what_is_done_under_it() -> None:
    """Who is told that the lock is another's does no more, and raises why."""
    answers = iter([True, False])

    async def refresh() -> bool:
        return next(answers)

    done = []

    async def work() -> None:
        async with asyncio.timeout(10), held("a", refresh, every=0.01, lease=60):
            done.append(1)
            await asyncio.sleep(3600)
            done.append(2)

    with pytest.raises(StorageError, match="the lock a was lost: somebody else has it"):
        await work()
    assert done == [1]


async def test_lock_of_a_storage_that_fails() -> None:
    """A refresh that fails is tried again until the lease is over."""

    async def refresh() -> bool:
        raise StorageError("disk is gone")

    start = time.monotonic()
    with pytest.raises(StorageError, match="the lock a was lost: disk is gone"):
        async with asyncio.timeout(10), held("a", refresh, every=0.01, lease=0.2):
            await asyncio.sleep(3600)
    assert time.monotonic() - start >= 0.2


async def test_cancelling_is_not_losing() -> None:
    """A block that is cancelled from elsewhere ends as such."""

    async def refresh() -> bool:
        return True

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), held("a", refresh, every=0.01, lease=60):
            await asyncio.sleep(3600)


@contextmanager
def holder(code: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds a lock of a `storage`, once it has it."""
    text = f"""
import asyncio
from snake.cache.address import Address
from snake.storage.folder import FileStorage
from snake.storage.redis_storage import RedisStorage

async def main():
    storage = {code}
    async with storage.lock({NAME!r}):
        print("held", flush=True)
        await asyncio.sleep(3600)

try:
    asyncio.run(main())
except Exception as error:
    print(error, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def code_of(storage: Storage) -> str:
    """Return how another process gets the same storage."""
    if isinstance(storage, FileStorage):
        return f"FileStorage({str(storage.root)!r})"
    assert isinstance(storage, RedisStorage)
    return f"RedisStorage({storage._address!r})"  # noqa: SLF001  (as it is)


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["file_system", "redis"], indirect=True)
async def test_lock_of_a_killed_process(storage: Storage) -> None:
    """While a process lives its lock is its own; when it was killed, it is free soon after."""
    with holder(code_of(storage)) as process:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(LEASE + 2), storage.lock(NAME):
                pass
        process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        async with asyncio.timeout(PATIENCE), storage.lock(NAME):
            assert time.monotonic() - killed > 1


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["file_system", "redis"], indirect=True)
async def test_lock_of_a_stopped_process(storage: Storage) -> None:
    """A process that was stopped for too long learns that its lock is another's, and leaves it."""
    with holder(code_of(storage)) as process:
        process.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE), storage.lock(NAME):
            process.send_signal(signal.SIGCONT)
            assert process.stdout is not None
            told = await asyncio.to_thread(process.stdout.readline)
            assert told.startswith(f"the lock {NAME} was lost: somebody else has it")
            await asyncio.to_thread(process.wait, PATIENCE)


@pytest.mark.slow
async def test_caddy_waits_for_our_lock(tmp_path: Path) -> None:
    """Caddy obtains nothing under a name whose lock snake has, and does when it is free."""
    storage = FileStorage(tmp_path / "storage")
    async with storage.lock(NAME):
        with serving(tmp_path, "localhost") as caddy:
            await asyncio.to_thread(caddy.says, "acquiring lock")
            await asyncio.sleep(2)  # it looks once a second
            assert not await storage.exists("certificates/local/localhost")

    with serving(tmp_path, "localhost") as caddy:
        await asyncio.to_thread(caddy.certificate, "localhost")
    assert await storage.exists("certificates/local/localhost")


@pytest.mark.slow
async def test_we_wait_for_the_lock_of_caddy(tmp_path: Path) -> None:
    """Snake waits while Caddy obtains a certificate, and has its lock soon after it was killed."""
    storage = FileStorage(tmp_path / "storage")
    name = "issue_cert_a.example.com"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ca = f"https://127.0.0.1:{silent.getsockname()[1]}/directory"
        with serving(tmp_path, "a.example.com", options=f"acme_ca {ca}") as caddy:
            await asyncio.to_thread(caddy.says, "lock acquired")
            file = storage.root / "locks" / f"{name}.lock"
            assert {*json.loads(file.read_text())} == {"created", "updated"}
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2 + STALE), storage.lock(name):
                    pass
            caddy.kill()
            assert file.exists()
            async with asyncio.timeout(PATIENCE), storage.lock(name):
                pass
    assert not file.exists()
