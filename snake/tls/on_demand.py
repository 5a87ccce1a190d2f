"""OnDemand: whether a certificate may be had for a name while a client waits for it.

Anybody can send any name, as often as they like. So a name that can have no certificate is refused
at once; others are asked about once, however many handshakes want to know; what was refused is
remembered; and of those who make us ask in vain, each network has a budget. One that sends random
names costs handshakes and little else, and does not keep others from being asked about.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable

from snake.core.record import Record
from snake.tls.budget import Budget, Budgets
from snake.tls.permission import DeniedError, NotAllowedError, Permission, UndecidedError
from snake.tls.server_name import fault_of

log = logging.getLogger("snake.tls.on_demand")

_Said = tuple[type[NotAllowedError], str] | None
"""What was said against a name."""

_KINDS = 100
"""Complaints of different kinds that are told apart."""


class Limits(Record):
    """What on-demand TLS may cost. Times in seconds, rates a second."""

    asks: int = 16
    """Names that are asked about at once."""
    waiting: int = 1000
    """Names that are asked about or wait for that; more are refused."""
    patience: float = 30
    """For an answer, the wait for its turn included."""
    denied: float = 20
    """For how long a name that may not is not asked about again."""
    undecided: float = 5
    """Likewise, when it could not be found out."""
    allowed: float = 5
    """For how long one that may is not asked about again: it is about to have its certificate."""
    remembered: int = 10_000
    """Names that are remembered."""
    vain: float = 100
    """Names that a network of clients may have us ask about in vain at once."""
    vain_rate: float = 10
    networks: int = 4096
    issuances: float = 100
    """Certificates that may be obtained at once."""
    issuance_rate: float = 1
    silence: float = 60
    """Between two complaints that nobody can say what is allowed."""


class OnDemand:
    """Decides. One for each configuration; all its methods are for the loop that it was made in."""

    def __init__(
        self,
        permission: Permission | None,
        limits: Limits | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._permission = permission
        self._limits = limits = limits or Limits()
        self._now = now
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(limits.asks)
        self._said: OrderedDict[str, tuple[float, _Said]] = OrderedDict()
        self._vain = Budgets(limits.vain, limits.vain_rate, limits.networks, now)
        self._issuances = Budget(limits.issuances, limits.issuance_rate, now)
        self._complained: dict[str, float] = {}

    async def check(self, name: str, *, client: str = "", listed: bool = False) -> None:
        """Return if a certificate for a name may be loaded or obtained.

        `client` is the IP address of who wants it. Of a name that is `listed` in the configuration,
        or that no public authority issues for, nobody need be asked if there is nobody to ask.
        Raises `DeniedError` or `UndecidedError`.
        """
        if fault := fault_of(name):
            raise DeniedError(fault, seconds=self._limits.denied)
        if self._permission is None:
            if listed:
                return
            raise DeniedError(
                "there is no permission that could allow it",
                seconds=self._limits.denied,
            )
        if self._recall(name):
            return
        vain = self._vain.of(client)
        is_first = name not in self._asking
        if is_first and vain.left < 1:
            where = f" from the network of {client!a}" if client else ""
            raise self._too_much("names are asked for in vain", where)
        asked = self._asked(name, self._permission)
        if is_first:
            vain.spend()  # before the answer: an endpoint that hangs must not have a queue
        await asyncio.shield(asked)
        if is_first:
            vain.refund()

    def admit(self) -> None:
        """Count a certificate that is now to be obtained. Raises `UndecidedError` if too many are.

        One that is loaded from the storage is not counted.
        """
        if self._issuances.left < 1:
            raise self._too_much("certificates are obtained", seconds=self._issuances.wait)
        self._issuances.spend()

    def _recall(self, name: str) -> bool:
        """Whether it is remembered that a name may; what was said against it is raised."""
        until, said = self._said.get(name, (0.0, None))
        left = until - self._now()
        if left <= 0:
            self._said.pop(name, None)
            return False
        if said is not None:
            kind, reason = said
            raise kind(reason, seconds=left)
        return True

    def _remember(self, name: str, said: _Said, seconds: float) -> None:
        self._said[name] = (self._now() + seconds, said)
        self._said.move_to_end(name)
        while len(self._said) > self._limits.remembered:
            self._said.popitem(last=False)

    def _asked(self, name: str, permission: Permission) -> asyncio.Task[None]:
        """Return the answer to come; it is one for all who ask about a name meanwhile."""
        found = self._asking.get(name)
        if found is not None:
            return found
        if len(self._asking) >= self._limits.waiting:
            raise self._too_much("names are being asked about")
        task = self._asking[name] = asyncio.create_task(self._ask(name, permission))
        task.add_done_callback(lambda done: self._answered(name, done))
        return task

    def _answered(self, name: str, done: asyncio.Task[None]) -> None:
        del self._asking[name]
        if not done.cancelled():
            done.exception()  # whoever asked may have gone

    async def _ask(self, name: str, permission: Permission) -> None:
        limits = self._limits
        kind: type[NotAllowedError] = UndecidedError
        seconds = limits.undecided
        try:
            async with asyncio.timeout(limits.patience), self._turn:
                await permission.allows(name)
        except DeniedError as error:
            log.debug("%s may not have a certificate: %s", name, error)
            kind, seconds, reason = DeniedError, limits.denied, str(error)
        except TimeoutError:
            reason = f"no answer within {limits.patience:g} s"
        except UndecidedError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001  (of a plugin: then the name is not allowed)
            reason = f"{type(error).__name__}: {error}"
        else:
            self._remember(name, None, limits.allowed)
            return
        if kind is UndecidedError:
            about = f"nobody can say whether {name} may have a certificate: {reason}"
            self._complain(logging.ERROR, reason.replace(name, ""), about)
        self._remember(name, (kind, reason), seconds)
        raise kind(reason, seconds=seconds)

    def _too_much(self, what: str, where: str = "", seconds: float = 0) -> UndecidedError:
        message = f"too many {what}{where}: some get no certificate"
        self._complain(logging.WARNING, what, message)
        return UndecidedError(f"too many {what}", seconds=seconds)

    def _complain(self, level: int, about: str, message: str) -> None:
        """Log once in a while."""
        now = self._now()
        if now - self._complained.get(about, -self._limits.silence) >= self._limits.silence:
            if len(self._complained) >= _KINDS:
                self._complained.clear()
            self._complained[about] = now
            log.log(level, "%s", message)
