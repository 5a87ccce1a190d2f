"""The queue of passwords that wait to be hashed."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import pytest

from snake.auth.queue import MOST_OF_CLIENT, THREADS, Queue
from snake.http.errors import HandlerError


class Gate:
    """A check that waits until it may end, and notes what runs."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.began: list[str] = []
        self.at_once = 0
        self._running = 0
        self._lock = threading.Lock()

    def check(self, name: str) -> bool:
        """Run."""
        with self._lock:
            self.began.append(name)
            self._running += 1
            self.at_once = max(self.at_once, self._running)
        self.open.wait(20)
        with self._lock:
            self._running -= 1
        return name != "wrong"


async def settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_clients_take_turns() -> None:
    """A client with many guesses does not delay another's one; few hashes are made at once."""
    queue, gate = Queue(), Gate()
    flood = [
        asyncio.create_task(queue.run("10.0.0.1", lambda: gate.check("flood"))) for _ in range(20)
    ]
    await settled()
    other = asyncio.create_task(queue.run("10.0.0.2", lambda: gate.check("other")))
    await settled()
    gate.open.set()
    await asyncio.gather(*flood, other)

    # The threads were busy when it came, and one check of the flood was the next in turn.
    assert "other" in gate.began[: THREADS + 2]
    assert gate.at_once == THREADS


async def test_flood_is_refused() -> None:
    """Of one client so many wait and no more: the next is a 503; others are served."""
    queue, gate = Queue(), Gate()
    address = "2001:db8::1"
    flood = [
        asyncio.create_task(queue.run(address, lambda: gate.check("flood")))
        for _ in range(MOST_OF_CLIENT + THREADS)
    ]
    await settled()
    with pytest.raises(HandlerError) as raised:
        await queue.run("2001:db8::2", lambda: gate.check("same network"))
    other = asyncio.create_task(queue.run("2001:db8:0:1::1", lambda: gate.check("wrong")))
    gate.open.set()

    assert raised.value.status == 503
    assert await other is False
    assert all(await asyncio.gather(*flood))


async def test_check_that_nobody_waits_for() -> None:
    """A check whose request was given up is not run."""
    queue, gate = Queue(), Gate()
    busy = [asyncio.create_task(queue.run("a", lambda: gate.check("busy"))) for _ in range(THREADS)]
    gone = asyncio.create_task(queue.run("b", lambda: gate.check("gone")))
    last = asyncio.create_task(queue.run("c", lambda: gate.check("last")))
    await settled()
    gone.cancel()
    gate.open.set()
    await asyncio.gather(*busy, last)

    assert "gone" not in gate.began


async def test_failure_is_the_callers() -> None:
    """What a check raises, whoever waits for it gets."""
    with pytest.raises(ZeroDivisionError):
        await Queue().run("a", lambda: bool(1 // 0))


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has its own niceness")
async def test_threads_give_way() -> None:
    """The threads are nicer than the loop."""
    nice: list[int] = []

    def check() -> bool:
        nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return True

    await Queue().run("a", check)

    assert nice[0] > os.getpriority(os.PRIO_PROCESS, os.getpid()) or nice[0] == 19
