"""Keeper: keeps the certificates of one document up, and tells those who serve them.

The laws of this file:

- What is in the storage is served at once; what is missing is obtained beside that, in the order
  of the document, some at a time.
- One name is worked at once, here and on every machine that has the same storage (its lock).
  Who waited for the lock looks into the storage first.
- What fails is tried again later (`lifecycle`), and nothing spins: the next moment is always later
  than now. A certificate that cannot be renewed is served on.
- The clock of the wall may jump. So one never sleeps longer than the interval of maintenance.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from snake.storage.storage import StorageError
from snake.tls import lifecycle, notes, stored
from snake.tls.agenda import Agenda
from snake.tls.certificate import Certificate
from snake.tls.issuer import IssueError
from snake.tls.managed import NEVER, Managed, Status
from snake.tls.obtain import date, newest, obtain
from snake.tls.permission import NotAllowedError
from snake.tls.policy import Automation, Policy
from snake.tls.ring import Update

logger = logging.getLogger("snake.tls")

AT_ONCE = 20
"""Names that are worked on at once."""
_PROGRESS = 10.0
"""Seconds between two words on how far the first certificates are."""
_SHORTEST_WAIT = 1.0
"""Seconds between two attempts, whatever was said."""
_LOADING = 64
"""Names whose certificates are read from the storage at once."""

Tell = Callable[[Update], None]


class Keeper:
    """The managed names of one document. `load`, then `begin`; at last `end`."""

    def __init__(
        self,
        automation: Automation,
        names: Iterable[str],
        *,
        interval: float = lifecycle.RENEW_INTERVAL,
        capacity: int = 10_000,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.automation = automation
        self.interval = interval
        self._capacity = capacity
        self._now = now
        self._tell: Tell = _nobody
        self._managed = {
            name: Managed(name, automation.policy_for(name)) for name in dict.fromkeys(names)
        }
        self._agenda = Agenda(interval, now)
        self._free = asyncio.Semaphore(AT_ONCE)
        self._running: asyncio.Task[None] | None = None
        self._attending: dict[str, asyncio.Task[None]] = {}
        self._notes: set[asyncio.Task[None]] = set()

    # What is there ---------------------------------------------------------------

    async def load(self) -> None:
        """Take what the storage has. What cannot be read is logged, and obtained later."""
        limit = asyncio.Semaphore(_LOADING)

        async def load(managed: Managed) -> None:
            async with limit:
                await self._look(managed)

        await asyncio.gather(*(load(managed) for managed in self._managed.values()))

    async def _look(self, managed: Managed) -> bool:
        """Take a newer certificate than ours from the storage; return whether there is one."""
        try:
            found = await newest(managed.policy, managed.name)
        except StorageError as error:
            _log(logging.ERROR, "cannot read a certificate from the storage", managed, error)
            managed.error = str(error)
            return False
        mine = managed.certificate
        if found is None or (mine is not None and found.not_before <= mine.not_before):
            return False
        managed.have(found)
        return True

    @property
    def update(self) -> Update:
        """All that there is, for a worker that has nothing yet."""
        return Update(
            tuple(each.certificate for each in self._managed.values() if each.certificate),
            asks=self.asks,
        )

    @property
    def asks(self) -> tuple[str, ...]:
        """Subjects of which a certificate may come while a client waits."""
        missing = (each.name for each in self._managed.values() if each.certificate is None)
        return (*self.automation.asks, *missing)

    def statuses(self) -> list[Status]:
        """Return where every name stands, in the order of the document."""
        return [managed.status(self.interval) for managed in self._managed.values()]

    # The work -----------------------------------------------------------------------

    def begin(self, tell: Tell) -> None:
        """From now on obtain and renew; `tell` is told what is new."""
        self._tell = tell
        for managed in self._managed.values():
            self._schedule(managed)
        self._running = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Look at the clock anew: it may have been set."""
        self._agenda.wake()

    def rest(self) -> None:
        """Begin nothing more. What runs may end."""
        if self._running is not None:
            self._running.cancel()

    async def finish(self, seconds: float) -> None:
        """Begin nothing more, and wait for so long until what runs has ended."""
        self.rest()
        if self._attending:
            await asyncio.wait(self._attending.values(), timeout=seconds)

    async def end(self) -> None:
        """Begin nothing more, and end what runs."""
        tasks = [*self._attending.values(), *([self._running] if self._running else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._notes:
            await asyncio.wait(self._notes)

    def _schedule(self, managed: Managed) -> None:
        """Put a name into the queue, for the moment at which something is to be done."""
        now = self._now()
        if managed.attempts:
            at = managed.next_at
        elif managed.unsaved is not None:
            at = now + lifecycle.wait_after(1)
        else:
            at = managed.renewal(self.interval).at
        if managed.certificate is not None and not managed.attempts:
            at = min(at, managed.ask_at)
        self._queue_up(managed, max(at, now + _SHORTEST_WAIT if managed.attempts else now))

    def _queue_up(self, managed: Managed, at: float) -> None:
        managed.next_at = at
        self._agenda.put(managed.name, at)

    async def _run(self) -> None:
        progress = asyncio.create_task(self._report())
        try:
            while True:
                if self._agenda.was_set_back():
                    self._schedule_anew()
                self._start_due()
                await self._agenda.rest()
        finally:
            progress.cancel()

    def _schedule_anew(self) -> None:
        """See that nobody waits for moments of a clock that was wrong."""
        logger.warning("the clock was set back; looking at all certificates again")
        now = self._now()
        for managed in self._managed.values():
            if managed.attempts and managed.next_at != NEVER:
                managed.next_at = min(managed.next_at, now + lifecycle.wait_after(managed.attempts))
            managed.ask_at = 0.0
            if managed.name not in self._attending and managed.next_at != NEVER:
                self._schedule(managed)

    def _start_due(self) -> None:
        for name in self._agenda.due():
            managed = self._managed.get(name)
            if managed is None or name in self._attending:
                continue
            task = self._attending[name] = asyncio.create_task(self._attend(managed))
            task.add_done_callback(lambda task, name=name: self._attended(name, task))  # type: ignore[misc]

    def _attended(self, name: str, task: asyncio.Task[None]) -> None:
        self._attending.pop(name, None)
        managed = self._managed.get(name)
        if task.cancelled() or managed is None:
            return
        self._noting(managed)
        if (error := task.exception()) is not None:
            logger.error("a certificate cannot be kept up", exc_info=error)
            managed.failed(IssueError(f"unexpected {type(error).__name__}"), self._now())
        waits = managed.on_demand and managed.certificate is None  # for who asks again
        if managed.next_at != NEVER and not waits:
            self._schedule(managed)

    async def _attend(self, managed: Managed) -> None:
        """Do what a name needs now."""
        async with self._free:
            before = managed.certificate
            if managed.unsaved is not None:
                await self._save(managed)
            if await self._look(managed):
                self._publish(managed, before)
            await self._ask_window(managed)
            if managed.renewal(self.interval).at <= self._now():
                await self._obtain(managed)

    async def _obtain(self, managed: Managed) -> None:
        before = managed.certificate
        managed.working = True
        try:
            if managed.on_demand and managed.certificate is not None:
                await self._check(managed)
            certificate, managed.unsaved = await obtain(managed, self._now)
        except IssueError as error:
            again = managed.failed(error, self._now())
            self._log_failure(managed, again=again)
            if not again:
                managed.next_at = NEVER
            return
        managed.have(certificate, self._now())
        self._publish(managed, before)
        if managed.unsaved is not None:
            self._save_later(managed)

    async def _check(self, managed: Managed) -> None:
        """See that a name may still have a certificate. Raises `IssueError`."""
        try:
            listed = managed.policy.bounded
            await self.automation.on_demand.check(managed.name, listed=listed)
        except NotAllowedError as error:
            raise IssueError(f"it may not be renewed: {error}") from None

    async def _save(self, managed: Managed) -> None:
        """Store a certificate. It is served in any case."""
        if managed.certificate is None or managed.unsaved is None:
            return
        try:
            await stored.save(
                managed.policy.storage,
                managed.certificate,
                managed.unsaved.metadata,
                names=[managed.name],
            )
        except StorageError as error:
            self._save_later(managed, error)
        else:
            managed.unsaved, managed.error = None, ""

    def _save_later(self, managed: Managed, error: StorageError | None = None) -> None:
        """Say that a certificate could not be stored."""
        managed.error = str(error) if error else "it could not be stored"
        later = date(self._now() + lifecycle.wait_after(1))
        message = "cannot store a certificate; it is served"
        _log(logging.ERROR, message, managed, error, next_attempt=later)

    async def _ask_window(self, managed: Managed) -> None:
        """Ask the authority when it would like the certificate renewed, if that is due."""
        certificate = managed.certificate
        if certificate is None or managed.ask_at > self._now():
            return
        managed.ask_at = NEVER
        issuers = [each for each in managed.policy.issuers if each.key == certificate.issuer_key]
        for issuer in issuers:
            try:
                managed.window = await issuer.renewal_window(certificate)
            except IssueError as error:
                managed.ask_at = error.retry_after or self._now() + lifecycle.HOUR
                _log(logging.WARNING, "cannot ask when to renew a certificate", managed, error)
            else:
                again = managed.window.check_again if managed.window is not None else NEVER
                managed.ask_at = max(again, self._now() + _SHORTEST_WAIT)

    def _publish(self, managed: Managed, before: Certificate | None) -> None:
        assert managed.certificate is not None  # noqa: S101  (there is news of it)
        replaced = before is not None and before.fingerprint != managed.certificate.fingerprint
        gone = (before.fingerprint,) if before is not None and replaced else ()
        self._tell(Update((managed.certificate,), gone))

    def _noting(self, managed: Managed) -> None:
        task = asyncio.get_running_loop().create_task(self._note(managed))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _note(self, managed: Managed) -> None:
        """Leave word of where a name stands, for `snake certs`."""
        try:
            await notes.leave(managed.policy.storage, managed.status(self.interval))
        except StorageError as error:
            _log(logging.DEBUG, "cannot leave word of a certificate", managed, error)

    def _log_failure(self, managed: Managed, *, again: bool) -> None:
        left = managed.certificate.left(self._now()) if managed.certificate else None
        fields: dict[str, object] = {"attempts": managed.attempts}
        if again:
            fields["next_attempt"] = date(managed.next_at)
        if left is not None and left > 0:
            fields["served_on_for_seconds"] = round(left)
        elif left is not None:
            fields["expired_for_seconds"] = round(-left)
        _log(logging.ERROR, "cannot get a certificate", managed, managed.error, **fields)

    async def _report(self) -> None:
        """Tell how far the first certificates are, as long as some are missing."""
        total = len(self._managed)
        told: dict[str, int] = {}
        while True:
            await asyncio.sleep(_PROGRESS)
            missing = [each for each in self._managed.values() if each.certificate is None]
            failing = sum(each.attempts > 0 for each in missing)
            fields = {"obtained": total - len(missing), "of": total, "failing": failing}
            if missing and fields != told:
                logger.info("obtaining certificates", extra={"fields": fields})
            told = fields
            if len(missing) == failing:  # each of them has said when it is tried again
                break

    # While a client waits -----------------------------------------------------------------

    def of(self, name: str) -> Managed | None:
        """Return where a name stands, if it is kept up."""
        return self._managed.get(name)

    async def admit(self, name: str, policy: Policy) -> Managed:
        """Keep a name up from now on that a client has asked for, and that may have a certificate.

        What the storage has is taken at once.
        """
        managed = self._managed.get(name)
        if managed is None:
            self._make_room()
            managed = self._managed[name] = Managed(name, policy, on_demand=True)
            await self._look(managed)
            if managed.certificate is not None:
                self._publish(managed, None)
                self._schedule(managed)
        return managed

    def is_due(self, managed: Managed) -> bool:
        """Whether the work on a name is under way, or could be by now."""
        return managed.working or managed.next_at <= self._now()

    def hurry(self, managed: Managed) -> None:
        """Have a name worked on as soon as may be."""
        if not managed.working:
            self._queue_up(managed, self._now())

    def forget(self, managed: Managed) -> None:
        """Keep a name up no longer."""
        self._managed.pop(managed.name, None)
        if managed.certificate is not None:
            self._tell(Update(gone=(managed.certificate.fingerprint,)))

    def _make_room(self) -> None:
        """Forget a name that came at a handshake, if there are as many as may be."""
        if len(self._managed) >= self._capacity:
            oldest = next((each for each in self._managed.values() if each.on_demand), None)
            if oldest is not None:
                self.forget(oldest)


def _nobody(update: Update) -> None:
    del update


def _log(
    level: int, message: str, managed: Managed, error: object = None, **fields: object
) -> None:
    told: dict[str, object] = {"name": managed.name, **fields}
    if error is not None:
        told["error"] = str(error)
    logger.log(level, message, extra={"fields": told})
