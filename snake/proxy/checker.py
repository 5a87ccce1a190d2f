"""Checker: asks every backend of a proxy from time to time how it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from snake.config.struct import nanoseconds
from snake.core.surroundings import PlaceholderError, fill
from snake.core.units import SECOND
from snake.proxy.backend import Backend, DialAddressError, dial_info
from snake.proxy.contract import DialInfo
from snake.proxy.health import ActiveHealthChecks
from snake.proxy.probe import Probe, UnhealthyError, probed_host

log = logging.getLogger("snake.http.handlers.reverse_proxy.health_checker.active")

_INTERVAL = 30.0


def is_enabled(checks: ActiveHealthChecks | None) -> bool:
    """Whether backends are asked: only if the config says what for, or where."""
    return checks is not None and bool(checks.path or checks.uri or checks.port)


class Checker:
    """Asks at once when entered, and then every `interval`, until left."""

    def __init__(
        self, checks: ActiveHealthChecks, probe: Probe, backends: Sequence[Backend]
    ) -> None:
        self._checks = checks
        self._probe = probe
        self._interval = nanoseconds(checks.interval) / SECOND or _INTERVAL
        self._states = [_State(each) for each in backends]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._watch(state)) for state in self._states]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self, state: _State) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                await self._check(state)
            except (PlaceholderError, DialAddressError) as error:
                _report("the address cannot be checked", state.backend.dial, error)
            except Exception:
                log.exception("health check failed", extra={"fields": {"host": state.backend.dial}})
            due = max(due + self._interval, loop.time())
            await asyncio.sleep(due - loop.time())

    async def _check(self, state: _State) -> None:
        backend = state.backend
        dial = fill(backend.dial)
        to = self._where(dial)
        host = probed_host(to, self._checks.upstream, self._checks.port)
        try:
            await self._probe.ask(to, host, dial)
        except UnhealthyError as error:
            log.info("host is unwell", extra={"fields": {"host": host, "error": str(error)}})
            if state.failed(max(self._checks.fails, 1)):
                log.warning("host is down", extra={"fields": {"host": host}})
        else:
            if state.passed(max(self._checks.passes, 1)):
                log.info("host is up", extra={"fields": {"host": host}})

    def _where(self, dial: str) -> DialInfo:
        """Return what is dialled: the backend, on another port or elsewhere if told so."""
        if self._checks.upstream:
            return dial_info(self._checks.upstream)
        to = dial_info(dial)
        if not self._checks.port:
            return to
        network = "tcp" if to.network.startswith(("unix", "fd")) else to.network
        return dial_info(f"{network}/{_bracketed(to.host)}:{self._checks.port}")


class _State:
    """How often in a row a backend was well, and how often not."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._passes = 0
        self._fails = 0

    def passed(self, enough: int) -> bool:
        """Count an answer that is right; tell whether the backend is up by that."""
        self._passes, self._fails = self._passes + 1, 0
        if not self.backend.unhealthy or self._passes < enough:
            return False
        self.backend.unhealthy = False
        return True

    def failed(self, enough: int) -> bool:
        """Count one that is not; tell whether the backend is down by that."""
        self._passes, self._fails = 0, self._fails + 1
        if self.backend.unhealthy or self._fails < enough:
            return False
        self.backend.unhealthy = True
        return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _report(message: str, dial: str, error: Exception) -> None:
    log.error(message, extra={"fields": {"address": dial, "error": str(error)}})
