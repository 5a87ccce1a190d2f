"""Tenant: one app that requests have chosen, as the supervisor has it, and its limits."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Mapping
from enum import Enum, auto
from time import monotonic
from typing import NamedTuple

from snake.core.errors import ConfigError, StartError
from snake.core.record import Record
from snake.core.units import SECOND, UnitError, duration
from snake.engine.pool import Pool
from snake.engine.process import Asker
from snake.fork.channel import Forget, Given, Refused, Want
from snake.python.fields import PythonFields
from snake.python.values import dynamic_limit

MAX_APPS = 128
IDLE = 1800.0
"""Seconds without a request after which an app is let go."""
ANSWERING = 2.0
"""Seconds that a worker has to say whether it uses an app."""

_MAX_VARIABLE = "CADDYSNAKE_MAX_DYNAMIC_APPS"
_IDLE_VARIABLE = "CADDYSNAKE_DYNAMIC_APP_IDLE_TTL"


class TenantLimits(Record):
    """How many apps a handler may have at a time, and for how long without a request."""

    count: int = MAX_APPS
    idle: float = IDLE

    @classmethod
    def of(cls, fields: PythonFields, environment: Mapping[str, str] = os.environ) -> TenantLimits:
        """Read them; the environment goes first, as in Caddy Snake.

        Raises `ConfigError`, and `StartError` for a wrong variable.
        """
        count = dynamic_limit(fields.max_dynamic_apps)
        idle = IDLE
        try:
            count = dynamic_limit(environment.get(_MAX_VARIABLE, "")) or count
        except ConfigError:
            value = environment[_MAX_VARIABLE]
            raise StartError(f'{_MAX_VARIABLE} must be a number, got "{value}"') from None
        if text := environment.get(_IDLE_VARIABLE, ""):
            try:
                idle = duration(text) / SECOND
            except UnitError as error:
                raise StartError(f"{_IDLE_VARIABLE}: {error}") from None
            if idle <= 0:
                raise StartError(f'{_IDLE_VARIABLE} must be greater than 0, got "{text}"')
        return cls(count or MAX_APPS, idle)


class Loop(NamedTuple):
    """One event loop of a worker, which has apps by itself."""

    worker: Asker
    number: int

    @property
    def is_gone(self) -> bool:
        """Whether it will say nothing more."""
        return self.worker.is_gone

    def send(self, message: Given | Refused | Forget) -> None:
        """Tell it something."""
        self.worker.send(message._replace(loop=self.number))


class Phase(Enum):
    """Where a tenant stands."""

    WAITING = auto()
    """For room."""
    STARTING = auto()
    READY = auto()
    LEAVING = auto()
    """Workers are asked whether they can do without it."""


_NUMBERS = itertools.count(1)


class Tenant:
    """One app, who has it, and who wants it."""

    def __init__(self, key: str, fields: PythonFields) -> None:
        self.key = key
        self.fields = fields
        self.number = next(_NUMBERS)
        self.phase = Phase.WAITING
        self.pool: Pool | None = None
        self.used = monotonic()
        self._holders: set[Loop] = set()
        self._wanting: dict[tuple[Loop, Want], None] = {}
        self._asked: set[Loop] = set()
        self._refused = False
        self._answered = asyncio.Event()

    @property
    def told(self) -> dict[str, object]:
        """What the log says of it."""
        return {"app": self.fields.name, "working_dir": self.fields.working_dir}

    def want(self, asker: Loop, want: Want) -> None:
        """Note that a worker wants it."""
        self._wanting[asker, want] = None

    def wanting(self) -> list[tuple[Loop, Want]]:
        """Return who wants it, and forget them."""
        wanting, self._wanting = list(self._wanting), {}
        return wanting

    def give(self) -> None:
        """Tell all who want it where it is."""
        if self.pool is None:
            return
        address = self.pool.address
        for asker, want in self.wanting():
            self._holders.add(asker)
            self.used = monotonic()
            asker.send(Given(want.place, want.values, self.number, address.name, address.sockets))

    def note_use(self, asker: Asker) -> None:
        """A worker says that it has had requests."""
        if any(holder.worker is asker for holder in self._holders):
            self.used = monotonic()

    async def ask_to_forget(self) -> bool:
        """Ask all who have it to forget it; tell whether they all have.

        Who does not answer in time is taken to use it.
        """
        self._holders = {asker for asker in self._holders if not asker.is_gone}
        self._asked = set(self._holders)
        self._refused = False
        self._answered.clear()
        for asker in self._asked:
            asker.send(Forget(self.number))
        if self._asked:
            try:
                async with asyncio.timeout(ANSWERING):
                    await self._answered.wait()
            except TimeoutError:
                self._refused = any(not asker.is_gone for asker in self._asked)
        return not self._refused

    def hear_forgot(self, asker: Loop, *, gone: bool) -> None:
        """Take a worker's answer."""
        if asker not in self._asked:
            return
        self._asked.discard(asker)
        if gone:
            self._holders.discard(asker)
        else:
            self._refused = True
        if not self._asked:
            self._answered.set()


def refuse(asker: Loop, want: Want, status: int, reason: str, seconds: float = 0.0) -> None:
    """Tell a worker that there is no app for what it wants."""
    asker.send(Refused(want.place, want.values, status, reason, seconds))
