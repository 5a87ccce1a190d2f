"""Passive health checks at work: what the answers to requests tell of a backend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from snake.config.struct import nanoseconds
from snake.core.units import SECOND
from snake.proxy.backend import Backend
from snake.proxy.health import PassiveHealthChecks


class Failures:
    """Counts the failures of backends, each for a while (Caddy: `countFailure`)."""

    def __init__(self, checks: PassiveHealthChecks | None) -> None:
        checks = checks or PassiveHealthChecks()
        self._duration = nanoseconds(checks.fail_duration) / SECOND
        self._latency = nanoseconds(checks.unhealthy_latency) / SECOND
        self._bad = [status_test(code) for code in checks.unhealthy_status]
        self.watches_answers = self._duration > 0 and bool(self._bad or self._latency > 0)
        """Whether `answered` has to be told of answers."""

    def failed(self, backend: Backend) -> None:
        """Count one failure."""
        if self._duration > 0:
            backend.host.fail()
            asyncio.get_running_loop().call_later(self._duration, backend.host.forget)

    def answered(self, backend: Backend, status: int, seconds: float) -> None:
        """Count an answer as a failure if its status is bad, and if it took too long."""
        for is_bad in self._bad:
            if is_bad(status):
                self.failed(backend)
        if 0 < self._latency <= seconds:
            self.failed(backend)


def status_test(code: int) -> Callable[[int], bool]:
    """Return whether a status is `code`, or of the class that its one digit names."""
    if 0 < code < 100:  # noqa: PLR2004
        return lambda status: status == code or status // 100 == code
    return lambda status: status == code
