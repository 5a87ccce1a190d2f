"""The elastic pool: few threads for work that computes, many for work that waits."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from snake.app import threads as module
from snake.app.threads import Threads


async def run_all(threads: Threads, job: Callable[[], object], count: int) -> set[str]:
    """Run a job so many times, wait for all; return the identities of the threads."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    names: list[str] = []

    def work() -> None:
        job()
        names.append(str(threading.get_ident()))
        if len(names) == count:
            loop.call_soon_threadsafe(done.set)

    for _ in range(count):
        threads.submit(work)
    await asyncio.wait_for(done.wait(), 10)
    return set(names)


async def become(condition: Callable[[], bool]) -> None:
    """Wait until threads, which tell nobody when they end, have made a condition true."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_one_thread_does_quick_work() -> None:
    """Work that comes one after another goes to one thread, the one that did the last."""
    async with Threads(asyncio.get_running_loop()) as threads:
        used = set()
        for _ in range(50):
            used |= await run_all(threads, lambda: None, 1)

    assert len(used) <= 2


async def test_waiting_work_gets_threads() -> None:
    """Work that waits for other work is joined by it."""
    async with Threads(asyncio.get_running_loop()) as threads:
        barrier = threading.Barrier(40)
        used = await run_all(threads, lambda: barrier.wait(5), 40)

    assert len(used) == 40


async def test_pool_has_a_limit() -> None:
    """There are never more threads than the most; the rest of the work waits its turn."""
    async with Threads(asyncio.get_running_loop(), most=4) as threads:
        used = await run_all(threads, lambda: time.sleep(0.02), 20)

    assert len(used) == 4


async def test_thread_that_steps_aside_gives_its_place_to_another() -> None:
    """What waits for a client is no work: as many as may run do, beside it."""
    threads = Threads(asyncio.get_running_loop(), most=2)
    back = threading.Event()
    gone = threading.Semaphore(0)

    def waits() -> None:
        with threads.aside():
            gone.release()
            back.wait(10)

    async with threads:
        for _ in range(5):
            threads.submit(waits)
        for _ in range(5):
            assert await asyncio.to_thread(gone.acquire, timeout=5)
        assert threads.alive == 5
        barrier = threading.Barrier(2)
        assert len(await run_all(threads, lambda: barrier.wait(5), 6)) == 2
        back.set()


async def test_threads_that_step_aside_are_bounded() -> None:
    """When there are as many threads as there may be, work waits for one to come back."""
    threads = Threads(asyncio.get_running_loop(), most=2, most_alive=3)
    back = threading.Event()
    gone = threading.Semaphore(0)

    def waits() -> None:
        with threads.aside():
            gone.release()
            back.wait(10)

    async with threads:
        for _ in range(3):
            threads.submit(waits)
        for _ in range(3):
            assert await asyncio.to_thread(gone.acquire, timeout=5)
        done = threading.Event()
        threads.submit(done.set)
        assert not await asyncio.to_thread(done.wait, 0.2)
        assert threads.alive == 3
        back.set()
        assert await asyncio.to_thread(done.wait, 5)


async def test_work_waits_while_the_system_gives_no_threads(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No work is lost when a thread cannot be started; the log says so once."""
    async with Threads(asyncio.get_running_loop()) as threads:
        done = threading.Semaphore(0)
        before = threading.stack_size(1 << 46)
        try:
            for _ in range(3):
                threads.submit(done.release)
            await asyncio.sleep(0.1)
        finally:
            threading.stack_size(before)
        for _ in range(3):
            assert await asyncio.to_thread(done.acquire, timeout=5)

    assert [record.message for record in caplog.records] == [
        "the system gives no more threads, there are 0"
    ]


async def test_idle_threads_retire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that have had no work for a while end, all but one."""
    monkeypatch.setattr(module, "RETIRE", 0.05)
    async with Threads(asyncio.get_running_loop()) as threads:
        barrier = threading.Barrier(10)
        await run_all(threads, lambda: barrier.wait(5), 10)
        await become(lambda: threads.alive == 1)
        assert await run_all(threads, lambda: None, 1)


async def test_close_ends_idle_threads() -> None:
    """Nothing is left of a closed pool once its work is done."""
    before = threading.active_count()
    async with Threads(asyncio.get_running_loop()) as threads:
        barrier = threading.Barrier(5)
        await run_all(threads, lambda: barrier.wait(5), 5)
    await become(lambda: threading.active_count() <= before)


async def test_work_given_before_the_end_is_done() -> None:
    """Closing waits for nothing, and loses nothing."""
    done = threading.Semaphore(0)
    threads = Threads(asyncio.get_running_loop())
    for _ in range(10):
        threads.submit(done.release)
    threads.close()

    for _ in range(10):
        assert await asyncio.to_thread(done.acquire, timeout=5)


async def test_the_place_of_a_lost_thread_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that nobody waits for holds no place; when it is done its thread is as before."""
    monkeypatch.setattr(module, "LEEWAY", 0.0)
    threads = Threads(asyncio.get_running_loop(), most=1)
    begun, goes_on = threading.Event(), threading.Event()
    idents, done = [], []

    def hang() -> None:
        idents.append(threading.get_ident())
        begun.set()
        done.append(goes_on.wait(10))

    threads.submit(hang)
    await asyncio.to_thread(begun.wait, 5)
    threads.lose(idents[0])
    threads.lose(idents[0])
    used = await run_all(threads, lambda: None, 3)
    assert str(idents[0]) not in used
    goes_on.set()
    await become(lambda: len(done) == 1)
    barrier, met = threading.Barrier(2), []

    def meet() -> None:
        with suppress(threading.BrokenBarrierError):
            met.append(barrier.wait(0.3))

    await run_all(threads, meet, 2)
    assert not met  # there is one place, not two
    threads.close()


async def test_when_all_places_are_of_threads_that_hang_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Threads that are only slow are not told of: they are back in time."""
    monkeypatch.setattr(module, "HANGS", 0.2)
    told: list[str] = []
    threads = Threads(asyncio.get_running_loop(), most=2, hangs=told.append)
    goes_on, idents = threading.Event(), []

    def hang() -> None:
        idents.append(threading.get_ident())
        goes_on.wait(10)

    for count in (1, 2):
        threads.submit(hang)
        await become(lambda count=count: len(idents) == count)  # type: ignore[misc]
        threads.lose(idents[-1])
    goes_on.set()
    await asyncio.sleep(0.4)
    assert not told
    goes_on.clear()
    for count in (3, 4):
        threads.submit(hang)
        await become(lambda count=count: len(idents) == count)  # type: ignore[misc]
        threads.lose(idents[-1])
    await become(lambda: told == ["2 of its threads hang"])
    goes_on.set()
    threads.close()
