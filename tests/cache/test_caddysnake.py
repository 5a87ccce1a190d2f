"""The module `caddysnake` under snake: what apps written for Caddy Snake find."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from snake.app.caddysnake import Finder
from tests.server import ROOT

SIGNATURES = {
    # as caddysnake 0.6.4 has them
    "set": "(self, key, value, ttl=None)",
    "get": "(self, key)",
    "delete": "(self, key)",
    "append": "(self, key, value)",
    "pop": "(self, key, timeout=None)",
    "sadd": "(self, key, member)",
    "srem": "(self, key, member)",
    "smembers": "(self, key)",
    "setnx": "(self, key, value, ttl=None)",
    "keys": "(self, prefix, limit=1000)",
    "publish": "(self, channel, message)",
    "subscribe": "(self, channel, timeout)",
}


@pytest.fixture
def old(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module, with either cache behind it."""
    monkeypatch.setenv("SNAKE_CACHE", url)
    finder = Finder()
    sys.meta_path.insert(0, finder)
    caddysnake = import_module("caddysnake")
    yield caddysnake
    caddysnake.kv_cache.client.close()
    sys.meta_path.remove(finder)
    for name in [name for name in sys.modules if name.startswith("caddysnake")]:
        del sys.modules[name]


def test_names_and_signatures_are_caddy_snakes(old: Any) -> None:
    """Each method, and the same with an `a` for tasks."""
    assert issubclass(old.CacheError, RuntimeError)
    assert issubclass(old.CacheConfigurationError, old.CacheError)
    for name, signature in SIGNATURES.items():
        for method in (getattr(old.Cache, name), getattr(old.Cache, f"a{name}")):
            bare = inspect.signature(method)
            bare = bare.replace(
                parameters=[p.replace(annotation=p.empty) for p in bare.parameters.values()],
                return_annotation=bare.empty,
            )
            assert str(bare) == signature
        assert inspect.iscoroutinefunction(getattr(old.Cache, f"a{name}"))
    assert import_module("caddysnake.kv_cache").Cache is old.Cache


def test_scalars(old: Any) -> None:
    """Text goes in, bytes come out; a time of 0 is for ever; one that is set again is replaced."""
    cache = old.Cache()
    cache.set("a", "x", ttl=60)
    cache.set(b"b", b"\xff", ttl=0)

    assert (cache.get("a"), cache.get("b"), cache.get("none")) == (b"x", b"\xff", None)
    assert (cache.setnx("a", "y"), cache.setnx("c", "y", ttl=5)) == (False, True)
    assert (cache.delete("a"), cache.delete("a")) == (1, 0)
    assert cache.keys("b", limit=0) == [b"b"]
    with pytest.raises(old.CacheError, match="invalid TTL"):
        cache.set("a", "x", ttl=-1)
    with pytest.raises(ValueError, match="non-empty"):
        cache.keys("")
    with pytest.raises(old.CacheError, match="invalid limit"):
        cache.keys("a", limit=-1)


def test_lists(old: Any) -> None:
    """A scalar that is appended to becomes a list without an end."""
    cache = old.cache
    cache.set("q", "first", ttl=60)
    cache.append("q", "second")
    cache.append("q", b"third")

    assert cache.get("q") == [b"first", b"second", b"third"]
    assert old.kv_cache.client.ttl("q") == float("inf")
    assert [cache.pop("q") for _ in range(4)] == [b"first", b"second", b"third", None]
    cache.set("a", "scalar")
    assert (cache.pop("a"), cache.pop("a", timeout=0)) == (None, None)
    for timeout in (-1, 301, float("nan")):
        with pytest.raises(old.CacheError, match="invalid timeout"):
            cache.pop("q", timeout=timeout)


def test_sets(old: Any) -> None:
    """Members come sorted; what is no set is an error."""
    cache = old.cache
    assert [cache.sadd("s", member) for member in ("b", "a", "b")] == [1, 1, 0]
    assert cache.smembers("s") == [b"a", b"b"]
    assert (cache.srem("s", "a"), cache.srem("s", "a"), cache.smembers("none")) == (1, 0, [])
    for wrong in (cache.get, lambda key: cache.append(key, "x")):
        with pytest.raises(old.CacheError):
            wrong("s")


def test_a_pop_waits_for_a_key_that_is_not_there(old: Any) -> None:
    """With a timeout it waits, whether there has been a list or not."""
    later = threading.Timer(0.2, lambda: old.cache.append("jobs", "x"))
    later.start()

    assert old.cache.pop("jobs", timeout=10) == b"x"
    began = time.monotonic()
    assert old.cache.pop("jobs", timeout=0.2) is None
    assert time.monotonic() - began >= 0.2


def test_messages(old: Any) -> None:
    """Who waits for one gets one."""
    got: list[Any] = []
    waiting = [
        threading.Thread(target=lambda: got.append(old.cache.subscribe("news", timeout=10)))
        for _ in range(3)
    ]
    for thread in waiting:
        thread.start()
    told = 0
    while told < 3:
        told = old.cache.publish("news", "x")
        assert told in (0, 1, 2, 3)
        if 0 < told < 3:  # whoever was late has missed it
            break
        time.sleep(0.01)
    while any(thread.is_alive() for thread in waiting):
        old.cache.publish("news", "x")
        time.sleep(0.01)

    assert got == [b"x"] * 3
    assert old.cache.subscribe("news", timeout=0.05) is None
    with pytest.raises(ValueError, match="must be positive"):
        old.cache.subscribe("news", timeout=0)


def test_tasks(old: Any) -> None:
    """The same for tasks, and one that waits holds up none."""
    cache = old.cache

    async def work() -> None:
        await cache.aset("a", "1", ttl=10)
        await cache.aappend("a", "2")
        assert await cache.aget("a") == [b"1", b"2"]
        popping = asyncio.create_task(cache.apop("jobs", timeout=10))
        listening = asyncio.create_task(cache.asubscribe("news", timeout=10))
        await asyncio.sleep(0.1)
        assert await cache.apublish("news", "hi") == 1
        await cache.aappend("jobs", "x")
        assert (await popping, await listening) == (b"x", b"hi")
        assert await cache.asadd("s", "m") == 1
        assert await cache.asmembers("s") == [b"m"]
        assert await cache.asrem("s", "m") == 1
        assert await cache.asetnx("a", "x") is False
        assert await cache.apop("a") == b"1"
        assert await cache.akeys("a") == [b"a"]
        assert await cache.adelete("a") == 1
        await old.kv_cache.client.aclose()

    asyncio.run(work())


def test_the_number_of_the_process(old: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the variable's, and none without one."""
    for text, number in (("3", 3), ("", None), ("x", None)):
        monkeypatch.setenv("CADDYSNAKE_WORKER_ID", text)
        assert old.worker_id() == number


@pytest.mark.parametrize(
    ("files", "origin"),
    [
        ({}, "snake/cache/caddysnake/__init__.py"),
        ({"caddysnake/__init__.py": "", "caddysnake/kv_cache.py": ""}, "snake/cache/caddysnake"),
        ({"caddysnake.py": "mine = True"}, "app/caddysnake.py"),
        ({"caddysnake/__init__.py": "mine = True"}, "app/caddysnake/__init__.py"),
    ],
    ids=["none", "the package", "a module of the app", "a package of the app"],
)
def test_whose_module_is_found(tmp_path: Path, files: dict[str, str], origin: str) -> None:
    """Ours where Caddy Snake's or none would be; an app's own module is left alone."""
    for name, text in files.items():
        path = tmp_path / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    code = (
        "from snake.app.caddysnake import install; install(); install(); "
        "import caddysnake; print(caddysnake.__file__)"
    )
    paths = f"{tmp_path / 'app'}{os.pathsep}{ROOT}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )

    assert origin in done.stdout
