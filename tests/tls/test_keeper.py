"""Keeping certificates up: what is obtained when, and what happens when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from snake.storage.folder import FileStorage
from snake.storage.storage import Storage, StorageError
from snake.tls import notes, stored
from snake.tls.issuer import IssueError, RenewalWindow
from snake.tls.keeper import Keeper
from snake.tls.on_demand import OnDemand
from snake.tls.permission import DeniedError
from snake.tls.policy import Automation, Policy
from snake.tls.ring import Ring, Update, Visitor
from snake.tls.seeker import Seeker
from tests.tls.small_ca import SmallCA

DAY = 86_400.0


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.time


class Full(FileStorage):
    """A storage that takes nothing, as long as it is full; locks can be had."""

    is_full = True

    async def store(self, key: str, value: bytes) -> None:
        """Take it, or not."""
        if self.is_full and key.startswith("certificates/"):
            raise StorageError("no space left on device")
        await super().store(key, value)


def automation(issuers: Sequence[SmallCA], storage: Storage) -> Automation:
    """Return one policy for all names."""
    policy = Policy((), tuple(issuers), storage)
    return Automation([policy], policy, policy, OnDemand(None))


class Kept:
    """A keeper, and what it has told."""

    def __init__(
        self, folder: Path, issuers: Sequence[SmallCA], names: Sequence[str], clock: Clock
    ) -> None:
        self.storage = FileStorage(folder)
        self.keeper = Keeper(automation(issuers, self.storage), names, now=clock)
        self.ring = Ring()
        self.updates: list[Update] = []

    def hear(self, update: Update) -> None:
        """Take what is told, as a worker does."""
        self.updates.append(update)
        self.ring.update(update)

    async def begin(self) -> None:
        """Load and begin."""
        await self.keeper.load()
        self.ring.update(self.keeper.update)
        self.keeper.begin(self.hear)


async def until(what: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not what():  # noqa: ASYNC110  (what is waited for has no event)
            await asyncio.sleep(0.01)


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


async def test_what_is_missing_is_obtained_stored_and_told(tmp_path: Path, clock: Clock) -> None:
    """A name without a certificate gets one; the workers have it, and so has the storage."""
    ca = SmallCA(now=clock)
    kept = Kept(tmp_path, [ca], ["a.com", "b.com"], clock)
    await kept.begin()
    assert set(kept.keeper.asks) == {"a.com", "b.com"}
    await until(lambda: kept.ring.matching("a.com") and kept.ring.matching("b.com"))
    await kept.keeper.end()

    assert sorted(request.names for request in ca.requests) == [("a.com",), ("b.com",)]
    assert kept.keeper.asks == ()
    found = await stored.load(kept.storage, "small", "a.com")
    assert kept.ring.matching("a.com") == (found,)
    left = await notes.read(kept.storage, "a.com")
    assert left is not None
    assert (left.issuer, left.error) == ("small", "")


async def test_what_is_stored_is_served_at_once(tmp_path: Path, clock: Clock) -> None:
    """A certificate of the storage that is good for long is not asked for again."""
    first = Kept(tmp_path, [SmallCA(now=clock)], ["a.com"], clock)
    await first.begin()
    await until(lambda: first.ring.matching("a.com"))
    await first.keeper.end()

    ca = SmallCA(now=clock)
    again = Kept(tmp_path, [ca], ["a.com"], clock)
    await again.begin()
    assert again.ring.matching("a.com") == first.ring.matching("a.com")
    await again.keeper.end()
    assert ca.requests == []


async def test_renewal_comes_at_a_third_of_the_lifetime(tmp_path: Path, clock: Clock) -> None:
    """With a third of its lifetime left a certificate is renewed, and the old one is gone."""
    ca = SmallCA(now=clock)
    kept = Kept(tmp_path, [ca], ["a.com"], clock)
    await kept.begin()
    await until(lambda: kept.ring.matching("a.com"))
    (old,) = kept.ring.matching("a.com")
    (status,) = kept.keeper.statuses()
    assert status.renew_at == pytest.approx(clock.time + 60 * DAY, abs=2)
    await kept.keeper.end()

    clock.time += 61 * DAY
    kept = Kept(tmp_path, [ca], ["a.com"], clock)
    await kept.begin()
    await until(lambda: kept.updates)
    await kept.keeper.end()
    (new,) = kept.ring.matching("a.com")
    assert kept.updates[0].gone == (old.fingerprint,)
    assert new.not_before > old.not_before
    assert ca.requests[-1].renews == old


async def test_authority_says_when_to_renew(tmp_path: Path, clock: Clock) -> None:
    """A window that has begun has a certificate renewed, but not one after the other (ARI)."""
    ca = SmallCA(now=clock)
    ca.window = RenewalWindow(clock.time - 2 * DAY, clock.time - DAY, clock.time + DAY)
    kept = Kept(tmp_path, [ca], ["a.com"], clock)
    await kept.begin()
    await until(lambda: kept.keeper.statuses()[0].renew_at)
    await asyncio.sleep(0.05)
    assert len(ca.requests) == 1
    clock.time += 3601
    kept.keeper.wake()
    await until(lambda: len(ca.requests) == 2)
    await kept.keeper.end()


async def test_failure_is_told_and_waited_after(tmp_path: Path, clock: Clock) -> None:
    """What fails is said with its reason, and is tried again after a while, not at once."""
    ca = SmallCA(now=clock)
    ca.fails = IssueError("the CA is down")
    kept = Kept(tmp_path, [ca], ["a.com"], clock)
    await kept.begin()
    await until(lambda: kept.keeper.statuses()[0].attempts)
    await asyncio.sleep(0.05)
    (status,) = kept.keeper.statuses()
    assert status.error == "the CA is down"
    assert 60 <= status.next_at - clock.time <= 66
    assert len(ca.requests) == 1

    ca.fails = None
    clock.time = status.next_at
    kept.keeper.wake()
    await until(lambda: kept.ring.matching("a.com"))
    await kept.keeper.end()
    assert [request.attempt for request in ca.requests] == [0, 1]


async def test_authority_may_ask_for_patience(tmp_path: Path, clock: Clock) -> None:
    """`Retry-After` of the authority counts, if it is later than our own wait."""
    ca = SmallCA(now=clock)
    ca.fails = IssueError("slow down", retry_after=clock.time + 5 * DAY)
    kept = Kept(tmp_path, [ca], ["a.com"], clock)
    await kept.begin()
    await until(lambda: kept.keeper.statuses()[0].attempts)
    await kept.keeper.end()
    assert kept.keeper.statuses()[0].next_at == clock.time + 5 * DAY


async def test_second_issuer_is_asked_when_the_first_fails(tmp_path: Path, clock: Clock) -> None:
    """The issuers of a policy are asked in turn."""
    first, second = SmallCA("first", now=clock), SmallCA("second", now=clock)
    first.fails = IssueError("no")
    kept = Kept(tmp_path, [first, second], ["a.com"], clock)
    await kept.begin()
    await until(lambda: kept.ring.matching("a.com"))
    await kept.keeper.end()
    assert kept.ring.matching("a.com")[0].issuer_key == "second"


async def test_expiring_certificate_is_served_on(tmp_path: Path, clock: Clock) -> None:
    """A certificate that cannot be renewed stays."""
    ca = SmallCA(now=clock)
    kept = Kept(tmp_path, [ca], ["a.com"], clock)
    await kept.begin()
    await until(lambda: kept.ring.matching("a.com"))
    await kept.keeper.end()

    clock.time += 100 * DAY
    ca.fails = IssueError("the CA is down")
    kept = Kept(tmp_path, [ca], ["a.com"], clock)
    await kept.begin()
    await until(lambda: kept.keeper.statuses()[0].attempts)
    await kept.keeper.end()
    assert kept.ring.matching("a.com")


async def test_another_machine_may_have_renewed_it(tmp_path: Path, clock: Clock) -> None:
    """Two that share a storage obtain one certificate."""
    ca = SmallCA(now=clock)
    both = [Kept(tmp_path, [ca], ["a.com"], clock) for _ in range(2)]
    for kept in both:
        await kept.begin()
    await until(lambda: all(kept.ring.matching("a.com") for kept in both))
    for kept in both:
        await kept.keeper.end()
    assert len(ca.requests) == 1
    assert both[0].ring.matching("a.com") == both[1].ring.matching("a.com")


async def test_full_disk_keeps_nothing_from_being_served(tmp_path: Path, clock: Clock) -> None:
    """What cannot be stored is served, and stored later."""
    ca = SmallCA(now=clock)
    kept = Kept(tmp_path, [ca], ["a.com"], clock)
    full = kept.storage = Full(tmp_path)
    kept.keeper = Keeper(automation([ca], full), ["a.com"], now=clock)
    await kept.begin()
    await until(lambda: kept.ring.matching("a.com"))
    await until(lambda: kept.keeper.statuses()[0].error)
    assert len(ca.requests) == 1

    full.is_full = False

    def is_stored() -> bool:
        clock.time += 70
        kept.keeper.wake()
        return (tmp_path / "certificates/small/a.com/a.com.json").exists()

    await until(is_stored)
    await kept.keeper.end()
    assert len(ca.requests) == 1
    assert kept.keeper.statuses()[0].error == ""


class Only:
    """A permission for one name; `asked` is what it was asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[str] = []

    async def allows(self, name: str) -> None:
        """Allow the one name."""
        self.asked.append(name)
        if name != self.name:
            raise DeniedError("not that one")


def on_demand(folder: Path, ca: SmallCA, permission: Only, clock: Clock) -> Kept:
    """Return a keeper that has certificates for any name that is allowed."""
    kept = Kept(folder, [ca], [], clock)
    policy = Policy((), (ca,), kept.storage, on_demand=True)
    kept.keeper = Keeper(Automation([policy], policy, policy, OnDemand(permission)), [], now=clock)
    return kept


async def test_many_handshakes_are_one_issuance(tmp_path: Path, clock: Clock) -> None:
    """However many clients wait for a name, it is asked about and obtained once."""
    ca, permission = SmallCA(now=clock), Only("a.com")
    kept = on_demand(tmp_path, ca, permission, clock)
    await kept.begin()
    seeker = Seeker(kept.keeper)
    found = await asyncio.gather(*(seeker.seek("a.com", Visitor()) for _ in range(50)))
    assert len({each.certificate for each in found}) == 1
    assert found[0].certificate is not None
    assert (len(ca.requests), permission.asked) == (1, ["a.com"])
    await kept.keeper.end()


async def test_refused_name_costs_no_issuance(tmp_path: Path, clock: Clock) -> None:
    """A name that is not allowed gets nothing, and the worker need not ask for a while."""
    ca, permission = SmallCA(now=clock), Only("a.com")
    kept = on_demand(tmp_path, ca, permission, clock)
    await kept.begin()
    found = await Seeker(kept.keeper).seek("b.com", Visitor())
    await kept.keeper.end()
    assert found.certificate is None
    assert found.seconds > 0
    assert ca.requests == []


async def test_failed_name_waits_before_it_is_tried_again(tmp_path: Path, clock: Clock) -> None:
    """A name on demand whose issuance fails is tried again only when its wait is over."""
    ca = SmallCA(now=clock)
    ca.fails = IssueError("no")
    kept = on_demand(tmp_path, ca, Only("a.com"), clock)
    await kept.begin()
    seeker = Seeker(kept.keeper)
    for _ in range(3):
        assert (await seeker.seek("a.com", Visitor())).certificate is None
    assert len(ca.requests) == 1
    clock.time += 70
    ca.fails = None
    assert (await seeker.seek("a.com", Visitor())).certificate is not None
    await kept.keeper.end()


async def test_clock_that_was_wrong_keeps_nobody_waiting(tmp_path: Path, clock: Clock) -> None:
    """What was put off by a clock that has been set back since is done in time all the same."""
    ca = SmallCA(now=clock)
    ca.fails = IssueError("the CA is down")
    right = clock.time
    clock.time += 400 * DAY
    kept = Kept(tmp_path, [ca], ["a.com"], clock)
    await kept.begin()
    await until(lambda: kept.keeper.statuses()[0].next_at)

    ca.fails = None
    clock.time = right
    kept.keeper.wake()
    await until(lambda: kept.keeper.statuses()[0].next_at < right + 70)
    clock.time = right + 70
    kept.keeper.wake()
    await until(lambda: kept.ring.matching("a.com"))
    await kept.keeper.end()


async def test_client_of_a_wildcard_waits_for_it(tmp_path: Path, clock: Clock) -> None:
    """A name that a wildcard covers gets the wildcard's certificate when that has come."""
    kept = Kept(tmp_path, [SmallCA(now=clock)], ["*.a.com"], clock)
    await kept.begin()
    found = await Seeker(kept.keeper).seek("x.a.com", Visitor())
    await kept.keeper.end()
    assert found.certificate is not None
    assert found.certificate.names == ("*.a.com",)
