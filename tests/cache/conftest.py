"""The two kinds of cache, for tests that must pass with both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from snake.cache import Cache
from tests.cache.serving import NO_REDIS, REDIS, Embedded, Wire, embedded, redis


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    """Snake's own cache."""
    with embedded(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis with a password."""
    if REDIS is None:
        pytest.skip(NO_REDIS)
    with redis() as path:
        yield f"unix://:{quote('p@ss:word', safe='')}@{path}"


@pytest.fixture(params=["embedded", "redis"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of either, with nothing in it."""
    if request.param == "embedded":
        yield request.getfixturevalue("server").url()
        return
    address: str = request.getfixturevalue("redis_url")
    with Wire(address) as wire:
        wire.ask("FLUSHALL")
    yield address


@pytest.fixture
def cache(url: str) -> Iterator[Cache]:
    """A client of either."""
    cache = Cache(url)
    yield cache
    cache.close()
