"""What every storage does."""

from __future__ import annotations

import asyncio
import time

import pytest

from snake.storage.storage import MissingError, Storage, StorageError

CRT = "certificates/local/a.com/a.com.crt"
KEY = "certificates/local/a.com/a.com.key"


async def test_value_is_loaded_as_it_was_stored(storage: Storage) -> None:
    """A value is bytes of any kind, and the last one that was stored counts."""
    await storage.store(CRT, b"first")
    await storage.store(CRT, bytes(range(256)))
    await storage.store(KEY, b"")

    assert await storage.load(CRT) == bytes(range(256))
    assert await storage.load(KEY) == b""


async def test_missing_key(storage: Storage) -> None:
    """What is not there is told apart from a storage that fails."""
    for call in (storage.load(CRT), storage.delete(CRT), storage.stat(CRT)):
        with pytest.raises(MissingError):
            await call
    assert not await storage.exists(CRT)


async def test_prefix_is_no_value(storage: Storage) -> None:
    """What stands above a key exists, but cannot be loaded."""
    await storage.store(CRT, b"x")

    assert await storage.exists("certificates/local")
    assert not await storage.exists("certificates/loc")
    info = await storage.stat("certificates/local")
    assert (info.key, info.is_terminal, info.size) == ("certificates/local", False, 0)
    assert abs(info.modified - time.time()) < 60
    with pytest.raises(StorageError):
        await storage.load("certificates/local")


async def test_stat(storage: Storage) -> None:
    """Of a value, its size is known and when it was stored."""
    before = time.time()
    await storage.store(CRT, b"12345")

    info = await storage.stat(CRT)

    assert (info.key, info.is_terminal, info.size) == (CRT, True, 5)
    assert before - 2 <= info.modified <= time.time() + 2


async def test_list(storage: Storage) -> None:
    """Listed is the next level, or all values below a prefix, in order."""
    for key in ("b/2", "b/1/x", "b/1/a", "bb", "a"):
        await storage.store(key, b"x")

    assert await storage.list("") == ["a", "b", "bb"]
    assert await storage.list("b") == ["b/1", "b/2"]
    assert await storage.list("b", recursive=True) == ["b/1/a", "b/1/x", "b/2"]
    assert await storage.list("", recursive=True) == ["a", "b/1/a", "b/1/x", "b/2", "bb"]
    assert await storage.list("nothing") == []
    assert await storage.list("a") == []


async def test_delete(storage: Storage) -> None:
    """A key is deleted alone, a prefix with all below it, and neither is listed then."""
    for key in (CRT, KEY, "certificates/local/b.com/b.com.crt", "certificates/locally"):
        await storage.store(key, b"x")

    await storage.delete(KEY)
    assert await storage.list("certificates/local/a.com") == [CRT]
    await storage.delete("certificates/local")

    assert await storage.list("certificates", recursive=True) == ["certificates/locally"]
    assert not await storage.exists(CRT)


@pytest.mark.parametrize(
    "key",
    ["..", "a/../../b", "/etc/passwd", "a//b", "a/", "./a", "a\0b", "a\\..\\b", "c:/x", "a\nb"],
)
async def test_key_that_could_leave(storage: Storage, key: str) -> None:
    """A key that is no path of names is refused, whatever is asked of it."""
    for call in (
        storage.store(key, b"x"),
        storage.load(key),
        storage.delete(key),
        storage.exists(key),
        storage.stat(key),
        storage.list(key),
    ):
        with pytest.raises(StorageError, match="no key of a storage") as caught:
            await call
        assert not isinstance(caught.value, MissingError)


async def test_key_below_a_value(storage: Storage) -> None:
    """No key stands below one that has a value, and none gets a value that has keys below it."""
    await storage.store("a/b", b"x")
    for key in ("a/b/c", "a/b/c/d", "a"):
        with pytest.raises(StorageError):
            await storage.store(key, b"y")

    assert await storage.list("", recursive=True) == ["a/b"]
    assert await storage.load("a/b") == b"x"


async def test_no_key(storage: Storage) -> None:
    """All that there is cannot be deleted in one go."""
    await storage.store("a", b"x")
    with pytest.raises(StorageError):
        await storage.delete("")

    assert await storage.list("") == ["a"]


async def test_lock_is_for_one_at_a_time(storage: Storage) -> None:
    """Who comes while a lock is held waits until it is free."""
    inside = 0

    async def work() -> None:
        nonlocal inside
        async with storage.lock("issue_cert_a.com"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.05)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(3)))


async def test_locks_by_name(storage: Storage) -> None:
    """Locks of different names have nothing to do with each other."""
    async with storage.lock("a"), storage.lock("b"):
        pass


async def test_lock_is_free_after_a_failure(storage: Storage) -> None:
    """A lock does not outlive its block, however that ends."""
    with pytest.raises(ZeroDivisionError):
        async with storage.lock("a"):
            raise ZeroDivisionError
    async with storage.lock("a"):
        pass


async def test_lock_is_free_after_cancellation(storage: Storage) -> None:
    """Who is cancelled holds nothing, whether it had the lock or waited for it."""

    async def hold() -> None:
        async with storage.lock("a"):
            await asyncio.sleep(3600)

    async with asyncio.timeout(20):
        tasks = [asyncio.create_task(hold()) for _ in range(3)]
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with storage.lock("a"):
            pass


async def test_many_at_once(storage: Storage) -> None:
    """Calls do not disturb each other."""
    keys = [f"many/{number:03}/value" for number in range(100)]

    await asyncio.gather(*(storage.store(key, key.encode()) for key in keys))

    assert await storage.list("many", recursive=True) == keys
    assert await asyncio.gather(*map(storage.load, keys)) == [key.encode() for key in keys]
