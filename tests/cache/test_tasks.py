"""The client from tasks, with snake's cache and with a Redis: the same for both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from snake.cache import Cache, CacheTypeError
from snake.cache.client import SyncCache


@pytest_asyncio.fixture
async def tasks(url: str) -> AsyncIterator[Cache]:
    """A client of either, closed in its loop."""
    cache = Cache(url)
    yield cache
    await cache.aclose()


def test_each_method_is_there_for_tasks() -> None:
    """What threads can ask, tasks can ask with an `a` before the name and the same arguments."""
    for name, method in inspect.getmembers(SyncCache, inspect.isfunction):
        if name.startswith("_") or name in ("run", "close"):
            continue
        twin = getattr(Cache, f"a{name}")
        assert inspect.signature(twin).parameters == inspect.signature(method).parameters, name
        assert inspect.iscoroutinefunction(twin) or name == "subscribe"


async def test_scalars_lists_and_sets(tasks: Cache) -> None:
    """Every kind can be written and read."""
    await tasks.aset("a", "x", ttl=60)
    await tasks.arpush("l", 1, 2)
    await tasks.asadd("s", "m")

    assert await tasks.aget("a") == b"x"
    assert await tasks.amget("a", "b") == [b"x", None]
    assert await tasks.attl("a") == pytest.approx(60, abs=5)
    assert await tasks.alrange("l") == [b"1", b"2"]
    assert await tasks.asmembers("s") == {b"m"}
    assert await tasks.akeys() == [b"a", b"l", b"s"]
    with pytest.raises(CacheTypeError):
        await tasks.aget("l")


async def test_a_thousand_tasks_ask_at_once(tasks: Cache) -> None:
    """Each gets the answer to its own question."""
    await asyncio.gather(*(tasks.aset(f"k{at}", at) for at in range(1000)))
    got = await asyncio.gather(*(tasks.aget(f"k{at}") for at in range(1000)))

    assert got == [b"%d" % at for at in range(1000)]


async def test_counting_at_once(tasks: Cache) -> None:
    """Nothing is counted twice or left out."""
    got = await asyncio.gather(*(tasks.aincr("n") for _ in range(500)))

    assert sorted(got) == list(range(1, 501))


async def test_a_pop_holds_nobody_up(tasks: Cache) -> None:
    """While fifty tasks wait, others ask; each that waits gets one element."""
    waiting = [asyncio.create_task(tasks.alpop("q", timeout=10)) for _ in range(50)]
    await asyncio.sleep(0.1)
    await tasks.aset("a", 1)
    await tasks.arpush("q", *range(50))

    assert set(await asyncio.gather(*waiting)) == {b"%d" % at for at in range(50)}


async def test_a_pop_that_is_given_up_takes_nothing(tasks: Cache) -> None:
    """A task that was cancelled while it waited leaves what comes to the next."""
    waiting = asyncio.create_task(tasks.alpop("q", timeout=10))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.sleep(0.05)
    await tasks.arpush("q", "x")

    assert await tasks.alpop("q", timeout=5) == b"x"


async def test_a_question_that_is_given_up_disturbs_no_other(tasks: Cache) -> None:
    """Answers go to those who asked, though some of them are gone."""
    await tasks.aset("a", "x")
    asked = [asyncio.create_task(tasks.aget("a")) for _ in range(20)]
    await asyncio.sleep(0)
    for task in asked[::2]:
        task.cancel()

    assert await asyncio.gather(*asked[1::2]) == [b"x"] * 10
    assert await tasks.aincr("n") == 1


async def test_messages_reach_all_that_listen(tasks: Cache) -> None:
    """Two that listen get every message in order."""
    async with tasks.asubscribe("news") as one, tasks.asubscribe("news") as two:
        for at in range(2000):
            assert await tasks.apublish("news", at) == 2
        for messages in (one, two):
            assert [await messages.get(5) for _ in range(2000)] == [b"%d" % n for n in range(2000)]
        assert await one.get(0.05) is None
        await tasks.apublish("news", "last")
        async for message in two:
            assert message == b"last"
            break


def test_each_loop_has_connections_of_its_own(url: str) -> None:
    """One client serves loop after loop."""
    cache = Cache(url)

    async def count() -> int:
        try:
            return await cache.aincr("n")
        finally:
            await cache.aclose()

    assert [asyncio.run(count()) for _ in range(3)] == [1, 2, 3]
