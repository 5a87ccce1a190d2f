"""Threads: where WSGI apps run. As few as keep up, as many as they wait for.

Two facts decide the shape. Threads that compute fight over the interpreter's
lock: four of them serve a third less than one. Threads that wait for a database
do not: an app that sleeps needs one for each request in flight. So:

- Work goes to the thread that went idle last, whose caches are warm, and no more
  than `limit` threads run at once. The limit begins at one.
- What one turn of the loop brings is begun together, at its end. A thread that is
  woken for each request takes the interpreter's lock from the loop for each.
- While work waits, a tick each `TICK` seconds compares the process's CPU time with
  the clock. Below `IDLE` the threads are waiting for something else: the limit
  doubles. Above `BUSY` they stand in each other's way: the limit shrinks by an eighth.
- A thread that waits for its client steps aside (`aside`): it is not counted, and
  another takes its place. Clients that are slow hold up nobody, until there are
  `MAX_THREADS`.
- Nothing ticks and nobody polls when no work waits. A thread that had no work for
  `RETIRE` seconds ends; the last one stays.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from snake.app.busy import Busy

log = logging.getLogger("snake.python")

Job = Callable[[], None]
"""What a thread runs. It must not raise."""

MAX_RUNNING = 128
"""Threads that may be at work at once."""
MAX_THREADS = 1000
"""Threads that there may be, with those that wait for their clients."""
PATIENCE = 0.01
"""Seconds that a thread waits for its client before it steps aside for another."""
GRACE = 0.002
"""Seconds that work may wait before anyone asks why."""
TICK = 0.01
IDLE = 0.7
BUSY = 0.9
RETIRE = 30.0
LEEWAY = 0.05
"""Seconds until the place of a thread is filled whose work nobody waits for any more."""
HANGS = 5.0
"""Seconds after which such threads hang, and are not only slow."""


class Threads:
    """An elastic pool of threads. `submit` and `close` belong to the loop's thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        most: int = MAX_RUNNING,
        most_alive: int = MAX_THREADS,
        hangs: Callable[[str], None] | None = None,
    ) -> None:
        """Make a pool of at most so many threads at work. `hangs` is told when all of them do."""
        self._loop = loop
        self._most = most
        self._most_alive = most_alive
        self._hangs = hangs
        self._lost: set[int] = set()
        """Threads whose work nobody waits for any more; they count as aside."""
        self._limit = 1
        self._running = 0
        self._aside = 0
        self._queue: deque[Job] = deque()
        self._idle: list[_Thread] = []
        self._lock = threading.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._busy = Busy()
        self._closed = False
        self._refused = False
        self._begins = False

    @property
    def alive(self) -> int:
        """Threads that exist: those at work, those that wait for clients, and the idle."""
        return self._running + self._aside + len(self._idle)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(self, job: Job) -> None:
        """Run `job` in a thread, as soon as one may."""
        with self._lock:
            self._queue.append(job)
            has_room = self._running < self._limit
        if not has_room:
            self._watch()
        elif not self._begins:
            self._begins = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        """Start the work that one turn of the loop has brought."""
        self._begins = False
        self._dispatch()
        if self._queue:
            self._watch()

    def _watch(self) -> None:
        """Ask, soon, why work waits."""
        if self._timer is None:
            self._busy.restart()
            self._timer = self._loop.call_later(GRACE, self._tick)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let other work run in this thread's place while it waits for its client.

        It comes back without waiting for a place: for a moment more than the limit may run.
        """
        with self._lock:
            self._running -= 1
            self._aside += 1
        try:
            self._dispatch()
            yield
        finally:
            with self._lock:
                self._running += 1
                self._aside -= 1

    def lose(self, thread: int) -> None:
        """Let other work run in the place of a thread whose work nobody waits for any more.

        A thread cannot be ended: it goes on, and is counted in again when its work is done.
        """
        with self._lock:
            if thread in self._lost:
                return
            self._lost.add(thread)
            self._running -= 1
            self._aside += 1
            all_lost = len(self._lost) >= self._most
        # Not at once: what came together is late together, and need not be begun any more.
        self._loop.call_later(LEEWAY, self._dispatch)
        if all_lost:
            self._loop.call_later(HANGS, self._tell_of_hanging)

    def _tell_of_hanging(self) -> None:
        lost = len(self._lost)
        if lost >= self._most and self._hangs is not None:
            self._hangs(f"{lost} of its threads hang")

    def close(self) -> None:
        """Let idle threads end, and the others when they have done all work that waits."""
        self._dispatch()
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for thread in idle:
            thread.give(None)
        if self._timer is not None:
            self._timer.cancel()
        self._busy.close()

    def next_job(self, thread: _Thread) -> Job | None:
        """Return more work for a thread that has done its own; `None` is the end.

        Waits while there is none.
        """
        with self._lock:
            if self._lost and threading.get_ident() in self._lost:
                self._lost.remove(threading.get_ident())
                self._running += 1
                self._aside -= 1
            if self._queue and self._running <= self._limit:
                return self._queue.popleft()
            self._running -= 1
            if self._closed:
                return None
            self._idle.append(thread)
        return thread.wait()

    def may_retire(self, thread: _Thread) -> bool:
        """Whether a thread that waited long may end; not when it is the last or has got work."""
        with self._lock:
            if thread not in self._idle or self.alive == 1:
                return False
            self._idle.remove(thread)
            return True

    def _tick(self) -> None:
        self._timer = None
        if not self._queue:
            return
        busy = self._busy.measure()
        if busy < IDLE:
            self._limit = min(self._limit * 2, self._most)
        elif busy > BUSY and self._limit > 1:
            self._limit -= -(-self._limit // 8)
        self._dispatch()
        self._timer = self._loop.call_later(TICK, self._tick)

    def _is_full(self) -> bool:
        """Whether more work has to wait; with the lock."""
        return self._running >= self._limit or self._running + self._aside >= self._most_alive

    def _dispatch(self) -> None:
        """Start what waits, up to the limit."""
        while True:
            with self._lock:
                if not self._queue or self._is_full():
                    return
                self._running += 1
                job = self._queue.popleft()
                thread = self._idle.pop() if self._idle else _Thread(self)
            if not self._give(thread, job):
                return

    def _give(self, thread: _Thread, job: Job) -> bool:
        """Give a thread work. If the system has no thread for it, the work goes on waiting."""
        try:
            thread.give(job)
        except RuntimeError:
            with self._lock:
                self._running -= 1
                self._queue.appendleft(job)
            if not self._refused:
                self._refused = True
                log.warning("the system gives no more threads, there are %d", self.alive)
            return False
        return True


class _Thread:
    """One thread. A lock that it alone waits for is its doorbell."""

    __slots__ = ("_bell", "_job", "_pool", "_started")

    def __init__(self, pool: Threads) -> None:
        self._pool = pool
        self._job: Job | None = None
        self._bell = threading.Lock()
        self._bell.acquire()
        self._started = False

    def give(self, job: Job | None) -> None:
        """Wake the thread with work, or with `None` to end it."""
        self._job = job
        if self._started:
            self._bell.release()
        else:
            self._started = True
            threading.Thread(target=self._run, name="snake-wsgi", daemon=True).start()

    def wait(self) -> Job | None:
        """Wait for work, in the thread; `None` is the end."""
        while not self._bell.acquire(timeout=RETIRE):
            if self._pool.may_retire(self):
                return None
        job, self._job = self._job, None
        return job

    def _run(self) -> None:
        job, self._job = self._job, None
        while job is not None:
            job()
            job = self._pool.next_job(self)
