"""A folder as storage, and a disk that fails."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from snake.storage.folder import LARGEST, FileStorage
from snake.storage.storage import MissingError, StorageError
from tests.storage.mounts import needs_mounts


async def test_modes(tmp_path: Path) -> None:
    """Nobody else can read what is stored, whatever the umask."""
    before = os.umask(0)
    try:
        storage = FileStorage(tmp_path / "new" / "storage")
        await storage.store("a/b/c", b"secret")
        async with storage.lock("a"):
            pass
    finally:
        os.umask(before)
    for path in (tmp_path / "new").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


async def test_nothing_is_left_of_a_write(tmp_path: Path) -> None:
    """A write that fails leaves no file behind, and what was there."""
    storage = FileStorage(tmp_path)
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"^cannot write .*/a/b: is a directory$"):
        await storage.store("a/b", b"x")

    assert list((tmp_path / "a").iterdir()) == [tmp_path / "a" / "b"]


async def test_write_that_was_killed(tmp_path: Path) -> None:
    """What a killed process had half written is no key."""
    storage = FileStorage(tmp_path)
    (tmp_path / ".0123456789abcdef.tmp").write_bytes(b"half")

    assert await storage.list("", recursive=True) == []


@pytest.mark.slow
def test_reader_sees_a_whole_value(tmp_path: Path) -> None:
    """Whoever reads while another process writes gets the old value or the new one."""
    code = """
        import asyncio, sys
        from snake.storage.folder import FileStorage
        async def main():
            storage = FileStorage(sys.argv[1])
            while True:
                for text in (b"a", b"b"):
                    await storage.store("key", text * 200_000)
                print("stored", flush=True)
        asyncio.run(main())
        """

    async def read() -> set[bytes]:
        storage = FileStorage(tmp_path)
        return {await storage.load("key") for _ in range(200)}

    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            assert asyncio.run(read()) <= {b"a" * 200_000, b"b" * 200_000}
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("fifo", "a: it is no file$"),
        ("folder", "a: is a directory$"),
        ("large", "a: it is larger than 16 MiB$"),
    ],
)
async def test_what_is_no_value(tmp_path: Path, kind: str, message: str) -> None:
    """What no storage writes is refused at once."""
    storage = FileStorage(tmp_path)
    path = tmp_path / "a"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(LARGEST + 1)
    else:
        path.mkdir()
    with pytest.raises(StorageError, match=message) as caught:
        await storage.load("a")
    assert not isinstance(caught.value, MissingError)


async def test_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    """Deleting goes no further than the folder."""
    storage = FileStorage(tmp_path / "storage")
    await storage.store("a/b", b"x")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "keep").write_bytes(b"x")
    (tmp_path / "storage" / "a" / "link").symlink_to(elsewhere)

    assert await storage.list("", recursive=True) == ["a/b", "a/link"]
    await storage.delete("a")
    assert (elsewhere / "keep").exists()


async def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """The message says which path is wrong, and why."""
    (tmp_path / "storage").write_bytes(b"")
    storage = FileStorage(tmp_path / "storage")
    with pytest.raises(StorageError, match=rf"^cannot write {tmp_path}/storage/a/b: "):
        await storage.store("a/b", b"x")
    with pytest.raises(StorageError, match=r"^cannot take the lock "):
        async with storage.lock("a"):
            pass
    assert await storage.list("a") == []


def in_a_space(mount: str, code: str, folder: Path) -> str:
    """Run code with a `storage` in a folder on which something is mounted; return its output."""
    text = f"""
import asyncio, logging, time
from snake.storage.folder import FileStorage
from snake.storage.storage import StorageError

async def main():
    storage = FileStorage({str(folder)!r})
{textwrap.indent(textwrap.dedent(code), "    ")}

asyncio.run(main())
"""
    command = f"{mount.format(folder)} && exec {sys.executable} -c {shlex.quote(text)}"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", command],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_mounts
def test_disk_that_is_full(tmp_path: Path) -> None:
    """The old value stays, the message says why, and it works again when there is room."""
    code = """
    await storage.store("a", b"old")
    await storage.store("filling", b"x" * 40_000)
    try:
        await storage.store("a", b"y" * 40_000)
    except StorageError as error:
        print(error)
    print((await storage.load("a")).decode(), await storage.list(""))
    await storage.delete("filling")
    await storage.store("a", b"y" * 40_000)
    print(len(await storage.load("a")))
    """
    lines = in_a_space("mount -t tmpfs -o size=64k tmpfs {}", code, tmp_path).splitlines()

    assert lines == [
        f"cannot write {tmp_path}/a: no space left on device",
        "old ['a', 'filling']",
        "40000",
    ]


@needs_mounts
@pytest.mark.slow
def test_lock_on_a_full_disk(tmp_path: Path) -> None:
    """A lock that is held is kept on a full disk; another is refused with the reason."""
    code = """
    start = time.monotonic()
    async with storage.lock("held"):
        index = 0
        try:
            while True:
                await storage.store(f"filling{index}", b"x" * 4096)
                index += 1
        except StorageError:
            pass
        await asyncio.sleep(11)
        print("kept")
        try:
            async with storage.lock("other"):
                pass
        except StorageError as error:
            print(error)
    print(await storage.list("locks"))
    """
    lines = in_a_space("mount -t tmpfs -o size=64k tmpfs {}", code, tmp_path).splitlines()

    assert lines == [
        "kept",
        f"cannot take the lock {tmp_path}/locks/other.lock: no space left on device",
        "[]",
    ]


@needs_mounts
def test_disk_that_is_read_only(tmp_path: Path) -> None:
    """What is there can be read, and the message says why nothing else can be done."""
    (tmp_path / "a").write_bytes(b"old")
    code = """
    print((await storage.load("a")).decode())
    async def lock():
        async with storage.lock("a"):
            pass
    for call in (storage.store("b", b"x"), storage.delete("a"), lock()):
        try:
            await call
        except StorageError as error:
            print(error)
    """
    mount = "mount --bind {0} {0} && mount -o remount,ro,bind {0}"

    assert in_a_space(mount, code, tmp_path).splitlines() == [
        "old",
        f"cannot write {tmp_path}/b: read-only file system",
        f"cannot remove {tmp_path}/a: read-only file system",
        f"cannot take the lock {tmp_path}/locks/a.lock: read-only file system",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    """It is told apart from one that is not there."""
    storage = FileStorage(tmp_path)
    await storage.store("a", b"x")
    (tmp_path / "a").chmod(0)
    with pytest.raises(StorageError, match=r"^cannot read .*/a: permission denied$") as caught:
        await storage.load("a")
    assert not isinstance(caught.value, MissingError)


async def test_threads_of_others_do_not_matter(tmp_path: Path) -> None:
    """Where all threads of the loop are busy, as in blocking libraries, a storage still works."""
    storage = FileStorage(tmp_path)
    free = threading.Event()
    waiting = [asyncio.create_task(asyncio.to_thread(free.wait)) for _ in range(100)]
    try:
        async with asyncio.timeout(30):
            await storage.store("a", b"x")
            async with storage.lock("a"):
                assert await storage.load("a") == b"x"
    finally:
        free.set()
        await asyncio.gather(*waiting)
