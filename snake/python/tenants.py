"""Tenants: the apps that requests have chosen, as one worker knows them.

What it does not know it asks the supervisor for, once for however many requests wait.
An app that has requests is never given back; one that has none is at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from snake.fork.channel import Forget, Forgot, Given, Message, Refused, Used, Want
from snake.python.pool_process import PoolProcess
from snake.python.pooled import PooledHandler

Key = tuple[str, tuple[str, ...]]
"""The place of a handler in the document, and the values of its placeholders."""

REPORT = 1.0
"""Seconds between two reports of what was used."""
MAX_WAITING = 1024
"""Apps that are asked for at a time."""
MAX_REFUSED = 1024
"""Refusals that are remembered."""

_UNAVAILABLE = 503


class RefusedError(Exception):
    """There is no app: the status that the request ends with, why, and for how long."""

    def __init__(self, status: int, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.seconds = seconds


class Tenant:
    """One app that requests have chosen."""

    __slots__ = ("busy", "handler", "keys", "number", "processes", "used")

    def __init__(self, number: int, name: str, sockets: tuple[str, ...]) -> None:
        self.number = number
        self.processes = [PoolProcess(path) for path in sockets]
        self.handler = PooledHandler(name, self.processes)
        self.keys: list[Key] = []
        self.busy = 0
        """Requests that it has, or that are about to be handed to it."""
        self.used = False
        """Whether it had requests since the last report."""


class _Waiting:
    """Requests that wait for one answer of the supervisor."""

    def __init__(self, answer: asyncio.Future[Tenant]) -> None:
        self.answer = answer
        self.count = 0


class Tenants:
    """All of one worker."""

    def __init__(self, tell: Callable[[Message], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._found: dict[str, dict[tuple[str, ...], Tenant]] = {}
        self._numbers: dict[int, Tenant] = {}
        self._waiting: dict[Key, _Waiting] = {}
        self._refused: dict[Key, tuple[float, Refused]] = {}
        self._news: list[Tenant] = []
        self._timer: asyncio.TimerHandle | None = None

    def at(self, place: str) -> dict[tuple[str, ...], Tenant]:
        """Return what is known of the apps of one handler, by values; it stays up to date."""
        return self._found.setdefault(place, {})

    def use(self, tenant: Tenant) -> None:
        """Note that an app is used now."""
        if not tenant.used:
            tenant.used = True
            self._news.append(tenant)
            if self._timer is None:
                self._report()

    def refusal(self, key: Key) -> RefusedError | None:
        """Return why there is no app for a while, if that is known."""
        if key not in self._refused:
            return None
        until, refused = self._refused[key]
        left = until - self._loop.time()
        if left <= 0:
            del self._refused[key]
            return None
        return RefusedError(refused.status, refused.reason, left)

    async def claim(self, key: Key) -> Tenant:
        """Ask for an app, which counts one request more then. Raises `RefusedError`."""
        waiting = self._waiting.get(key)
        if waiting is None:
            if len(self._waiting) >= MAX_WAITING:
                raise RefusedError(_UNAVAILABLE, "too many apps are asked for", 1.0)
            waiting = self._waiting[key] = _Waiting(self._loop.create_future())
            self._tell(Want(*key))
        waiting.count += 1
        try:
            return await asyncio.shield(waiting.answer)
        except asyncio.CancelledError:
            answer = waiting.answer
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                answer.result().busy -= 1
            else:
                waiting.count -= 1
            raise

    def hear(self, message: Message) -> None:
        """Take what the supervisor says."""
        match message:
            case Given():
                self._given(message)
            case Refused():
                self._refuse(message)
            case Forget(number=number):
                self._tell(Forgot(number, int(self._forget(number))))
            case _:
                pass

    def close(self) -> None:
        """Let go of all connections, and of those who wait."""
        if self._timer is not None:
            self._timer.cancel()
        for tenant in self._numbers.values():
            for process in tenant.processes:
                process.close()
        for waiting in self._waiting.values():
            waiting.answer.cancel()

    def _given(self, given: Given) -> None:
        key = given.place, given.values
        waiting = self._waiting.pop(key, None)
        tenant = self._numbers.get(given.number)
        if tenant is None:
            tenant = Tenant(given.number, given.name, given.sockets)
            self._numbers[given.number] = tenant
        tenant.keys.append(key)
        self.at(given.place)[given.values] = tenant
        if waiting is not None:
            # They count already: a word to forget it may be right behind.
            tenant.busy += waiting.count
            waiting.answer.set_result(tenant)

    def _refuse(self, refused: Refused) -> None:
        key = refused.place, refused.values
        waiting = self._waiting.pop(key, None)
        if refused.seconds > 0:
            if len(self._refused) >= MAX_REFUSED:
                self._refused.clear()
            self._refused[key] = self._loop.time() + refused.seconds, refused
        if waiting is not None:
            waiting.answer.set_exception(
                RefusedError(refused.status, refused.reason, refused.seconds)
            )
            waiting.answer.exception()  # whoever waited may be gone

    def _forget(self, number: int) -> bool:
        """Forget an app that has no requests; tell whether it is forgotten."""
        tenant = self._numbers.get(number)
        if tenant is None:
            return True
        if tenant.busy:
            return False
        del self._numbers[number]
        for place, values in tenant.keys:
            del self._found[place][values]
        for process in tenant.processes:
            process.close()
        return True

    def _report(self) -> None:
        """Say what was used, and look again later: nothing is said when nothing was."""
        self._timer = None
        news, self._news = self._news, []
        if news:
            self._tell(Used(tuple(tenant.number for tenant in news)))
            for tenant in news:
                tenant.used = False
            self._timer = self._loop.call_later(REPORT, self._report)
