"""The storages, for tests that must pass with each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from snake.cache.address import Address
from snake.storage.folder import FileStorage
from snake.storage.redis_storage import RedisStorage
from snake.storage.redis_value import Packing
from snake.storage.storage import Storage
from tests.cache.serving import NO_REDIS, REDIS, Wire, redis

PASSWORD = "p@ss:word"


@pytest.fixture(scope="session")
def redis_path() -> Iterator[str]:
    """The socket of a Redis with a password."""
    if REDIS is None:
        pytest.skip(NO_REDIS)
    with redis() as path:
        yield path


@pytest.fixture
def address(redis_path: str) -> Address:
    """The address of a Redis with nothing in it."""
    with Wire(f"unix://:p%40ss%3Aword@{redis_path}") as wire:
        wire.ask("FLUSHALL")
    return Address(path=redis_path, secret=PASSWORD)


@pytest.fixture(params=["file_system", "redis", "redis, packed"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    """A storage with nothing in it."""
    if request.param == "file_system":
        yield FileStorage(tmp_path / "storage")
        return
    packing = Packing("flate", bytes(range(32))) if "packed" in request.param else None
    async with RedisStorage(request.getfixturevalue("address"), packing=packing).open() as storage:
        yield storage
    await asyncio.sleep(0)
