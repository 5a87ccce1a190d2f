"""The store: what ends when, and what it may cost."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from snake.cache import Cache, CacheError
from snake.cache.budget import Budget
from snake.cache.limits import DEFAULT, Limits
from snake.cache.resp import ReplyError
from snake.cache.store import Store
from tests.cache.serving import embedded


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at 1000 seconds."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    """An empty store."""
    return Store(Budget(1 << 20).account(), DEFAULT, clock)


def test_a_key_ends_to_the_moment(tmp_path: Path, clock: Clock) -> None:
    """It is there until its time is over, and not after; its time is given in milliseconds."""
    with embedded(tmp_path, clock=clock) as server:
        cache = Cache(server.url())
        cache.set("a", 1, ttl=10)
        cache.rpush("l", 1)
        cache.expire("l", 20.5)
        clock.now += 9.999
        assert (cache.get("a"), cache.ttl("a")) == (b"1", 0.001)
        clock.now += 0.001
        assert (cache.get("a"), cache.setnx("a", 2), cache.llen("l")) == (None, True, 1)
        clock.now += 10.5
        assert (cache.llen("l"), cache.get("a")) == (0, b"2")
        cache.close()


def test_what_has_ended_is_let_go_of_though_nobody_asks(tmp_path: Path, clock: Clock) -> None:
    """The memory of ten thousand keys comes back."""
    with embedded(tmp_path, clock=clock) as server:
        cache = Cache(server.url("shop"))
        for at in range(300):
            cache.set(f"k{at}", "x" * 100, ttl=10)
        cache.set("stays", 1)
        clock.now += 11
        server.sweep()
        namespace = server.server.namespaces["shop"]
        assert server.call(lambda: len(namespace.store)) == 1
        cache.delete("stays")
        assert server.call(lambda: server.server.budgets.memory.used) == 0
        cache.close()


def test_a_namespace_with_nothing_and_nobody_is_forgotten(tmp_path: Path) -> None:
    """A thousand tenants that came and went leave nothing."""
    with embedded(tmp_path) as server:
        for at in range(50):
            cache = Cache(server.url(f"tenant{at}"))
            cache.set("a", 1)
            cache.delete("a")
            cache.close()
        server.sweep()
        server.sweep()
        assert server.call(lambda: len(server.server.namespaces)) == 0


def test_setting_a_key_again_and_again_keeps_one_end(store: Store, clock: Clock) -> None:
    """The queue of ends does not grow with what is overwritten."""
    store.put(b"k", b"v", clock() + 3600)
    tracemalloc.start()
    for _ in range(10_000):
        store.put(b"k", b"v", clock() + 3600)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used < 50_000


def test_a_key_that_has_ended_was_not_deleted(store: Store, clock: Clock) -> None:
    """Deleting it tells that there was none."""
    store.put(b"k", b"v", clock() + 1)
    clock.now += 2

    assert store.delete(b"k") is False
    assert len(store) == 0


def test_all_that_was_taken_is_given_back(store: Store) -> None:
    """Whatever was done to the keys, nothing is left of their cost."""
    account = store.account
    store.put(b"a", b"x" * 100)
    store.put(b"a", b"y")
    store.replace(b"a", b"z" * 50)
    store.push(b"l", [b"1", b"2", b"3"], left=True)
    store.put(b"l2", b"x")
    store.push(b"l3", [b"1"], left=False)
    store.put(b"l3", b"now a scalar")
    store.pop(b"l", left=True)
    store.add(b"s", [b"1", b"2", b"2"])
    store.add(b"s", [b"2", b"3"])
    store.discard(b"s", [b"1", b"9"])
    assert account.used > 0
    for key in list(store):
        store.delete(key)
    assert account.used == 0
    store.put(b"a", b"x")
    store.clear()
    assert account.used == 0


@pytest.mark.parametrize("kind", ["scalars", "list", "set"])
def test_the_budget_is_about_the_memory(clock: Clock, kind: str) -> None:
    """What is counted is no less than 0.8 and no more than 2 times what is used."""
    account = Budget(1 << 30).account()
    store = Store(account, DEFAULT, clock)
    tracemalloc.start()
    for at in range(20_000):
        value = b"value-%09d" % at
        if kind == "scalars":
            store.put(b"key-%09d" % at, value, clock() + 10)
        elif kind == "list":
            store.push(b"l", [value], left=False)
        else:
            store.add(b"s", [value])
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 0.8 * used < account.used < 2 * used


@pytest.mark.parametrize(
    ("limits", "work", "message"),
    [
        ({}, lambda s: s.put(b"", b"x"), "a key has 1 to 8192 bytes"),
        ({}, lambda s: s.put(b"k" * 8193, b"x"), "a key has 1 to 8192 bytes"),
        ({}, lambda s: s.push(b"", [b"x"], left=True), "a key has 1 to"),
        ({"value": 5}, lambda s: s.put(b"k", b"x" * 6), "a value has at most 5 bytes"),
        ({"value": 5}, lambda s: s.add(b"k", [b"x" * 6]), "a value has at most 5 bytes"),
        ({"items": 2}, lambda s: s.push(b"k", [b"x"] * 3, left=True), "at most 2 elements"),
        ({"items": 2}, lambda s: s.add(b"k", [b"1", b"2", b"3"]), "at most 2 elements"),
        ({"keys": 2}, lambda s: [s.put(b"%d" % at, b"") for at in range(3)], "there are 2 keys"),
        ({}, lambda s: [s.put(b"%d" % at, b"x" * 50_000) for at in range(50)], "is full"),
    ],
)
def test_limits_hold(clock: Clock, limits: dict[str, int], work: object, message: str) -> None:
    """What is over a limit is refused, and changes nothing."""
    store = Store(Budget(1 << 20).account(), Limits()._replace(**limits), clock)
    assert callable(work)
    with pytest.raises(ReplyError, match=message):
        work(store)

    assert not any(len(key) in (0, 8193) or key == b"k" for key in store)


def test_keys_that_have_ended_take_no_place(clock: Clock) -> None:
    """A store full of ended keys takes new ones."""
    store = Store(Budget(1 << 20).account(), Limits(keys=2), clock)
    for key in (b"a", b"b"):
        store.put(key, b"", clock() + 1)
    clock.now += 2
    store.put(b"c", b"")

    assert list(store) == [b"c"]


def fill(cache: Cache, numbers: range) -> None:
    """Set 5000 bytes for each number."""
    for at in numbers:
        cache.set(f"k{at}", "x" * 5000)


def test_who_fills_the_cache_shuts_nobody_out(tmp_path: Path) -> None:
    """A tenant that took all leaves the next its fair share."""
    with embedded(tmp_path, Limits(memory=1 << 20)) as server:
        greedy, modest = Cache(server.url("greedy")), Cache(server.url("modest"))
        with pytest.raises(CacheError, match=r"OOM.*full"):
            fill(greedy, range(1000))
        fill(modest, range(50))
        with pytest.raises(CacheError, match=r"OOM.*full"):
            fill(modest, range(50, 1000))
        assert server.call(lambda: server.server.budgets.memory.used) < 2 << 20
        greedy.delete("k0")
        assert modest.get("k1") == b"x" * 5000
        greedy.close()
        modest.close()
