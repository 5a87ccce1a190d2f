"""Tenants: the apps that requests choose by the placeholders of one handler.

A worker asks for an app by the values of the placeholders. What they choose is resolved and
checked here again: a worker runs apps itself, and is not believed more than a request.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from time import monotonic

import msgspec
from msgspec.structs import replace

from snake.app.envfile import read_env_file
from snake.core.errors import ConfigError, DocumentError, StartError
from snake.engine.pool import Pool
from snake.engine.process import Asker
from snake.engine.tenant import Loop, Phase, Tenant, TenantLimits, refuse
from snake.fork.channel import Forgot, Message, Used, Want
from snake.python.choice import Choice, NoAppError
from snake.python.fields import PythonFields
from snake.python.interpreter import interpreter_of
from snake.python.plan import AppPlan

logger = logging.getLogger("snake")

MAX_STARTING = 64
"""Apps that are started, or ended, at a time."""
FAILED = 5.0
"""Seconds before an app that could not start is tried again."""
FULL = 1.0
"""Seconds before it is looked again whether an app can go."""
MAX_FAILED = 1024
"""Failures that are remembered."""

_BAD_GATEWAY, _UNAVAILABLE = 502, 503


class FullError(Exception):
    """There are as many apps as there may be, and all are used."""


class Tenants:
    """All apps of one handler, or of several that are alike."""

    def __init__(self, plan: AppPlan, make: Callable[[AppPlan, str], Pool], folder: Path) -> None:
        """Check what can be; `make` gives an app its pool. Raises `ConfigError`, `StartError`."""
        self._plan = plan
        self._make = make
        fields = plan.placed.fields
        try:
            self._choice = Choice(fields, folder)
            self._limits = TenantLimits.of(fields)
        except ConfigError as error:
            raise ConfigError(error.message, f"{plan.path}/{error.path}".rstrip("/")) from None
        try:
            _check_fixed(fields, folder)
        except StartError as error:
            raise StartError(error.message, plan.path) from None
        for root in self._choice.roots:
            if not root.is_dir():
                logger.warning(
                    "the folder of apps does not exist", extra={"fields": {"folder": str(root)}}
                )
        self._tenants: dict[str, Tenant] = {}
        self._numbers: dict[int, Tenant] = {}
        self._failed: dict[str, float] = {}
        self._taken = 0
        self._full_until = 0.0
        self._room = asyncio.Lock()
        self._keeping = True
        self._starting: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def pools(self) -> dict[str, Pool]:
        """The pool of each app that runs, by its name and folder."""
        return {
            f"{tenant.fields.name} in {tenant.fields.working_dir}": tenant.pool
            for tenant in self._tenants.values()
            if tenant.pool is not None
        }

    def hear(self, message: Message, asker: Asker) -> None:
        """Take what a worker says."""
        match message:
            case Want():
                self._want(message, Loop(asker, message.loop))
            case Used(numbers=numbers):
                self._note_use(numbers, asker)
            case Forgot(number=number, gone=gone, loop=loop):
                if (tenant := self._numbers.get(number)) is not None:
                    tenant.hear_forgot(Loop(asker, loop), gone=bool(gone))
            case _:
                pass

    def _note_use(self, numbers: tuple[int, ...], asker: Asker) -> None:
        for number in numbers:
            if (tenant := self._numbers.get(number)) is not None:
                tenant.note_use(asker)

    def let_go(self) -> None:
        """Replace no process that dies from now on."""
        self._keeping = False
        for tenant in self._numbers.values():
            if tenant.pool is not None:
                tenant.pool.let_go()

    async def drain(self) -> None:
        """Let all apps end; no worker has requests for one."""
        await self._stop()
        pools = [tenant.pool for tenant in self._tenants.values() if tenant.pool is not None]
        await asyncio.gather(*self._ending, *(pool.drain() for pool in pools))

    async def kill(self) -> None:
        """End all apps now."""
        await self._stop()
        for task in self._ending:
            task.cancel()
        pools = [tenant.pool for tenant in self._numbers.values() if tenant.pool is not None]
        await asyncio.gather(*(pool.kill() for pool in pools))

    # Giving --------------------------------------------------------------------

    def _want(self, want: Want, asker: Loop) -> None:
        try:
            fields = self._choice.resolve(want.values)
        except NoAppError as error:
            refuse(asker, want, error.status, error.reason)
            return
        key = json.dumps(msgspec.to_builtins(fields), sort_keys=True)
        left = self._failed.get(key, 0.0) - monotonic()
        if left > 0:
            refuse(asker, want, _BAD_GATEWAY, _not_started(fields), left)
            return
        tenant = self._tenants.get(key)
        if tenant is None:
            if len(self._starting) >= MAX_STARTING:
                refuse(asker, want, _UNAVAILABLE, "too many concurrent dynamic app creations", FULL)
                return
            if monotonic() < self._full_until:
                refuse(asker, want, _UNAVAILABLE, "dynamic app limit reached", FULL)
                return
            tenant = self._tenants[key] = Tenant(key, fields)
            self._do(self._start(tenant), self._starting)
        tenant.want(asker, want)
        if tenant.phase is Phase.READY:
            tenant.give()

    async def _start(self, tenant: Tenant) -> None:
        began = monotonic()
        try:
            await self._make_room()
        except FullError:
            self._refuse_all(tenant, _UNAVAILABLE, "dynamic app limit reached", FULL)
            return
        tenant.phase = Phase.STARTING
        self._numbers[tenant.number] = tenant
        try:
            tenant.pool = self._make(
                replace(self._plan, placed=replace(self._plan.placed, fields=tenant.fields)),
                tenant.key,
            )
            await tenant.pool.start()
        except (DocumentError, OSError) as error:
            await self._fail(tenant, error)
            return
        tenant.pool.keep()
        if not self._keeping:
            tenant.pool.let_go()
        tenant.phase = Phase.READY
        took = round(monotonic() - began, 3)
        logger.info("dynamic app started", extra={"fields": {**tenant.told, "seconds": took}})
        tenant.give()
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep())

    async def _fail(self, tenant: Tenant, error: Exception) -> None:
        """Tell once what is wrong, and refuse it for a while."""
        reason = error.message if isinstance(error, DocumentError) else str(error)
        logger.error("dynamic app cannot start", extra={"fields": {**tenant.told, "error": reason}})
        if len(self._failed) >= MAX_FAILED:
            self._failed.clear()
        self._failed[tenant.key] = monotonic() + FAILED
        del self._numbers[tenant.number]
        self._taken -= 1
        self._refuse_all(tenant, _BAD_GATEWAY, _not_started(tenant.fields), FAILED)
        if tenant.pool is not None:
            await tenant.pool.kill()

    def _refuse_all(self, tenant: Tenant, status: int, reason: str, seconds: float) -> None:
        del self._tenants[tenant.key]
        for asker, want in tenant.wanting():
            refuse(asker, want, status, reason, seconds)

    # Making room -----------------------------------------------------------------

    async def _make_room(self) -> None:
        """Have room for one more app. Raises `FullError`."""
        async with self._room:
            while self._taken >= self._limits.count:
                if monotonic() < self._full_until:
                    raise FullError
                if not await self._let_oldest_go():
                    self._full_until = monotonic() + FULL
                    logger.warning(
                        "all dynamic apps are in use; requests for others are refused",
                        extra={"fields": {"max_dynamic_apps": self._limits.count}},
                    )
                    raise FullError
            self._taken += 1

    async def _let_oldest_go(self) -> bool:
        """Let the app go that was used least recently of those that nobody uses now."""
        if len(self._ending) >= MAX_STARTING:
            return False
        ready = [each for each in self._tenants.values() if each.phase is Phase.READY]
        for tenant in sorted(ready, key=lambda each: each.used):
            if await self._let_one_go(tenant, "room for another"):
                return True
        return False

    async def _let_one_go(self, tenant: Tenant, because: str) -> bool:
        """Let an app go if no worker has requests for it."""
        tenant.phase = Phase.LEAVING
        if not await tenant.ask_to_forget():
            tenant.phase = Phase.READY
            tenant.used = monotonic()
            tenant.give()
            return False
        del self._tenants[tenant.key]
        self._taken -= 1
        told = {**tenant.told, "because": because}
        logger.info("dynamic app let go", extra={"fields": told})
        self._do(self._end(tenant), self._ending)
        for asker, want in tenant.wanting():
            self._want(want, asker)
        return True

    async def _end(self, tenant: Tenant) -> None:
        if tenant.pool is not None:
            await tenant.pool.drain()
        del self._numbers[tenant.number]

    async def _sweep(self) -> None:
        """Let apps go that had no request for long."""
        idle = self._limits.idle
        while True:
            await asyncio.sleep(max(min(idle / 4, 30.0), 0.05))
            for tenant in list(self._tenants.values()):
                await self._let_go_if_idle(tenant, idle)

    async def _let_go_if_idle(self, tenant: Tenant, idle: float) -> None:
        async with self._room:
            if tenant.phase is Phase.READY and monotonic() - tenant.used > idle:
                await self._let_one_go(tenant, "idle")

    def _do(self, work: Coroutine[None, None, None], where: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(work)
        where.add(task)
        task.add_done_callback(where.discard)

    async def _stop(self) -> None:
        """Begin nothing more."""
        self._keeping = False
        tasks = [*self._starting, *([self._sweeping] if self._sweeping else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _not_started(fields: PythonFields) -> str:
    return f'the app "{fields.name}" cannot start'


def _check_fixed(fields: PythonFields, folder: Path) -> None:
    """Check what no request chooses. Raises `StartError`."""
    if "{" not in fields.working_dir:
        if not (folder / fields.working_dir).is_dir():
            raise StartError(f'the working_dir "{fields.working_dir}" is not a directory')
        for file in fields.env_files:
            if "{" not in file:
                read_env_file(file, folder / fields.working_dir)
    for file in fields.env_files:
        if "{" not in file and Path(file).is_absolute():
            read_env_file(file, folder)
    interpreter_of(fields if "{" not in fields.venv_path else replace(fields, venv_path=""), folder)
