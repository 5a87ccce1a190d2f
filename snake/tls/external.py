"""External: certificates of managers, who are asked while a client waits; with bounds.

A manager is asked for every name that a client may send. So names of which there can be none are
not asked about, of others a few at once, and of those that ask in vain each network has a budget.
Names that a manager had are asked about in any case: a flood of others must not hide them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from snake.core.record import Record
from snake.tls.budget import Budgets
from snake.tls.certificate import Certificate
from snake.tls.certificate_manager import Manager, ManagerError, first_of
from snake.tls.ring import Visitor
from snake.tls.server_name import fault_of

log = logging.getLogger("snake.tls")


class TooManyError(ManagerError):
    """A name that is not asked about now, whatever it is; nothing is known of it."""


class Bounds(Record):
    """What asking managers may cost. Times in seconds, rates a second."""

    at_once: int = 32
    waiting: int = 500
    patience: float = 70
    """For an answer; Tailscale may need a minute."""
    vain: float = 200
    """Names that a network of clients may have us ask about in vain at once."""
    vain_rate: float = 20
    networks: int = 4096
    known: int = 10_000
    """Names that are remembered as some manager's."""
    silence: float = 60
    """Between two complaints about managers that fail."""


class External:
    """Asks managers. One for each document."""

    def __init__(
        self, bounds: Bounds | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._bounds = bounds = bounds or Bounds()
        self._now = now
        self._turn = asyncio.Semaphore(bounds.at_once)
        self._waiting = 0
        self._known: OrderedDict[str, None] = OrderedDict()
        self._vain = Budgets(bounds.vain, bounds.vain_rate, bounds.networks, now)
        self._complained = -bounds.silence

    async def get(
        self, managers: Sequence[Manager], name: str, visitor: Visitor
    ) -> Certificate | None:
        """Return the first certificate that a manager has, if any. Raises `ManagerError`."""
        if not managers or fault_of(name):
            return None
        if name in self._known:
            return await self._asked(managers, name, visitor)
        vain = self._vain.of(visitor.client)
        if vain.left < 1 or self._waiting >= self._bounds.waiting:
            raise TooManyError("too many certificates are asked for that managers do not have")
        self._waiting += 1
        vain.spend()  # before the answer: a manager that hangs must not have a queue
        try:
            async with self._turn:
                found = await self._asked(managers, name, visitor)
        finally:
            self._waiting -= 1
        if found is not None:
            vain.refund()
        return found

    async def _asked(
        self, managers: Sequence[Manager], name: str, visitor: Visitor
    ) -> Certificate | None:
        try:
            async with asyncio.timeout(self._bounds.patience):
                found = await first_of(managers, visitor.hello, visitor.server, visitor.client)
        except TimeoutError:
            raise self._failed(name, ManagerError("no answer in time")) from None
        except ManagerError as error:
            raise self._failed(name, error) from None
        if found is None:
            self._known.pop(name, None)
            return None
        self._known[name] = None
        self._known.move_to_end(name)
        if len(self._known) > self._bounds.known:
            self._known.popitem(last=False)
        return found

    def _failed(self, name: str, error: ManagerError) -> ManagerError:
        now = self._now()
        if now - self._complained >= self._bounds.silence:
            self._complained = now
            fields = {"name": name, "error": str(error)}
            log.error("a manager gives no certificate", extra={"fields": fields})
        return error
