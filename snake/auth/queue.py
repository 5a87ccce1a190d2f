"""Queue: the threads in which passwords are hashed, and who waits for them.

A hash is made to take long: up to a second and 46 MiB. So few are made at once, in
threads that give way to all else; clients take turns, so that one with many
guesses waits for its own and not the others with it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import get_native_id

from snake.http.errors import HandlerError

THREADS = 2
"""Hashes that a worker makes at once."""
MOST_OF_CLIENT = 128
"""Hashes that one client may wait for; what comes then is a 503."""
MOST = 4096
"""Hashes that all clients together may wait for."""
_NICE = 5
"""Such a thread has a third of the weight of those that serve requests (sched(7))."""

Check = Callable[[], bool]
_Waiting = tuple[Check, "asyncio.Future[bool]"]


class Queue:
    """Checks of one worker: those that run, and those that wait, by client."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "passwords", _give_way)
        self._lanes: dict[str, deque[_Waiting]] = {}
        """Whose turn it is comes first."""
        self._running = 0
        self._waiting = 0

    async def run(self, client: str, check: Check) -> bool:
        """Run a check in its turn. Raises `HandlerError` when too many wait."""
        lane = _lane(client)
        checks = self._lanes.setdefault(lane, deque())
        if len(checks) >= MOST_OF_CLIENT or self._waiting >= MOST:
            self._forget_empty(lane)
            raise HandlerError(503, "too many passwords wait to be checked")
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        checks.append((check, done))
        self._waiting += 1
        self._start()
        return await done

    def _start(self) -> None:
        while self._running < THREADS and self._lanes:
            lane = next(iter(self._lanes))
            checks = self._lanes.pop(lane)
            check, done = checks.popleft()
            if checks:
                self._lanes[lane] = checks
            self._waiting -= 1
            if not done.cancelled():
                self._submit(check, done)

    def _submit(self, check: Check, done: asyncio.Future[bool]) -> None:
        self._running += 1
        loop = done.get_loop()

        def finished(result: Future[bool]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._finish, result, done)

        self._threads.submit(check).add_done_callback(finished)

    def _finish(self, result: Future[bool], done: asyncio.Future[bool]) -> None:
        self._running -= 1
        self._start()
        if done.cancelled():
            return
        if error := result.exception():
            done.set_exception(error)
        else:
            done.set_result(result.result())

    def _forget_empty(self, lane: str) -> None:
        if not self._lanes[lane]:
            del self._lanes[lane]


def _lane(client: str) -> str:
    """Return what clients are told apart by: the address, of IPv6 the network (/64)."""
    if ":" not in client:
        return client
    from ipaddress import IPv6Network  # noqa: PLC0415  (slow, seldom needed)

    try:
        return str(IPv6Network((client.partition("%")[0], 64), strict=False))
    except ValueError:
        return client


def _give_way() -> None:
    """Let this thread have only the time that no other wants, where a thread can have less."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICE)
