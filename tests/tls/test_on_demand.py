"""Whether a certificate may be had on demand: who is asked, how often, and what a flood costs."""

from __future__ import annotations

import asyncio
import tracemalloc
from contextlib import AsyncExitStack

import pytest
from msgspec import Raw

from snake.config.tls import OnDemand as Settings
from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.tls.budget import Budgets
from snake.tls.on_demand import Limits, OnDemand
from snake.tls.permission import DeniedError, NotAllowedError, Permission, UndecidedError
from snake.tls.permissions import HTTP, permission_of
from snake.tls.server_name import fault_of
from tests.fetch.hostile import drip, flood, hostile, silence, status


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        """Return it."""
        return self.time


class Asked:
    """A permission that notes who was asked about, and allows names of `good.com`."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.fault: Exception | None = None

    async def allows(self, name: str) -> None:
        """Note it."""
        self.names.append(name)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.fault is not None:
            raise self.fault
        if not name.endswith("good.com"):
            raise DeniedError("not one of ours")


async def provisioned(endpoint: str) -> Permission:
    """Return the permission of an endpoint."""
    context = Context(Registry({}), AsyncExitStack()).at("permission")
    return await HTTP(endpoint=endpoint).provision(context)


FIT = [
    *("good.example.com", "single", "1.2.3.4.5", "123", "10.1.2.3", "::1"),
    *("xn--mnchen-3ya.example.com", "xn--80ak6aa92e.com", f"{'a' * 63}.com"),
]
UNFIT = [
    *("", "trail.example.com.", "a..example.com", ".lead.com", "*.example.com", "*"),
    *("under_score.com", "_x.com", "-a.com", "a-.com", "ab--cd.com", "xn--a.com", "xn--0.com"),
    *("a b.com", "a/../b.com", "..", "../../etc/passwd", "a%2fb.com", "a\x00.com", "a\n.com"),
    *("UPPER.com", "m\u00fcnchen.com", "fe80::1%eth0", f"{'a' * 64}.com", "a." * 127 + "com"),
    *("xn--\u00fc.com", "xn--.com", "xn---.com", "xn--abc.com"),
]


@pytest.mark.parametrize("name", FIT)
def test_names_that_caddy_takes_are_fit(name: str) -> None:
    """There can be a certificate for what Caddy asks its permission about."""
    assert fault_of(name) == ""


@pytest.mark.parametrize("name", UNFIT)
async def test_unfit_names_are_refused_and_nobody_is_asked(name: str) -> None:
    """What is no host name is denied at once, with a reason that is safe in a log."""
    permission = Asked()

    with pytest.raises(DeniedError) as caught:
        await OnDemand(permission).check(name)

    assert permission.names == []
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()


async def test_without_permission_only_listed_names_may() -> None:
    """With nobody to ask, a name may have a certificate only if the configuration lists it."""
    on_demand = OnDemand(None)

    await on_demand.check("a.com", listed=True)
    with pytest.raises(DeniedError, match="no permission"):
        await on_demand.check("a.com")


async def test_listed_names_are_asked_about_if_there_is_a_permission() -> None:
    """A permission is asked about every name, those of the configuration too."""
    with pytest.raises(DeniedError, match="not one of ours"):
        await OnDemand(Asked()).check("a.com", listed=True)


async def test_one_ask_for_all_who_wait() -> None:
    """However many want to know of a name at once, it is asked about once."""
    permission = Asked()
    on_demand = OnDemand(permission)

    await asyncio.gather(*(on_demand.check("a.good.com") for _ in range(50)))

    assert permission.names == ["a.good.com"]


async def test_answer_outlives_who_asked_first() -> None:
    """When the first client goes, those who wait for the same answer still get it."""
    permission = Asked()
    on_demand = OnDemand(permission)
    first = asyncio.create_task(on_demand.check("a.good.com"))
    second = asyncio.create_task(on_demand.check("a.good.com"))
    await asyncio.sleep(0)
    first.cancel()

    await second

    assert permission.names == ["a.good.com"]


async def test_refusals_are_remembered_for_a_while() -> None:
    """A refused name is asked about again after 20 seconds, and not before."""
    clock = Clock()
    permission = Asked()
    on_demand = OnDemand(permission, now=clock)
    for moment in (1000.0, 1019.0, 1021.0):
        clock.time = moment
        with pytest.raises(DeniedError, match="not one of ours") as caught:
            await on_demand.check("a.com")
        assert 0 < caught.value.seconds <= 20

    assert permission.names == ["a.com", "a.com"]


async def test_allowed_names_are_remembered_for_a_moment() -> None:
    """A name that may is asked about again after five seconds: by then it has a certificate."""
    clock = Clock()
    permission = Asked()
    on_demand = OnDemand(permission, now=clock)
    for moment in (1000.0, 1004.0, 1006.0):
        clock.time = moment
        await on_demand.check("a.good.com")

    assert permission.names == ["a.good.com", "a.good.com"]


@pytest.mark.parametrize("fault", [UndecidedError("down"), OSError("no route"), KeyError("bug")])
async def test_what_cannot_be_found_out_is_not_allowed(fault: Exception) -> None:
    """A permission that fails, in whatever way, allows nothing; it is asked again soon."""
    clock = Clock()
    permission = Asked()
    permission.fault = fault
    on_demand = OnDemand(permission, now=clock)
    with pytest.raises(UndecidedError):
        await on_demand.check("a.good.com")
    clock.time += 6
    permission.fault = None

    await on_demand.check("a.good.com")


async def test_permission_that_hangs_allows_nothing() -> None:
    """An answer that does not come in time is none."""

    class Hanging:
        async def allows(self, name: str) -> None:
            del name
            await asyncio.sleep(3600)

    with pytest.raises(UndecidedError, match="no answer within"):
        await OnDemand(Hanging(), Limits(patience=0.05)).check("a.com")


async def test_flood_of_names_is_asked_about_within_a_budget() -> None:
    """Random names from one network cost 100 asks, and do not keep others from theirs."""
    permission = Asked()
    on_demand = OnDemand(permission, now=Clock())
    names = [f"r{number}.com" for number in range(2000)]

    checks = (on_demand.check(name, client="10.0.0.9") for name in names)
    results = await asyncio.gather(*checks, return_exceptions=True)

    assert all(isinstance(result, NotAllowedError) for result in results)
    assert permission.most_at_once <= 16
    later = [on_demand.check(f"s{number}.com", client="10.0.0.77") for number in range(500)]
    asked = len(permission.names)
    await asyncio.gather(*later, return_exceptions=True)
    assert len(permission.names) == asked
    await on_demand.check("new.good.com", client="192.0.2.1")


async def test_flood_does_not_fill_the_queue_of_an_endpoint_that_hangs() -> None:
    """While nothing is answered, one network waits for 100 names at most, and others get a turn."""
    release = asyncio.Event()

    class Hanging:
        async def allows(self, name: str) -> None:
            await release.wait()
            if not name.endswith("good.com"):
                raise DeniedError(name)

    on_demand = OnDemand(Hanging(), now=Clock())
    names = [f"r{number}.com" for number in range(2000)]
    flood = [asyncio.create_task(on_demand.check(name, client="10.0.0.9")) for name in names]
    await asyncio.sleep(0)
    good = asyncio.create_task(on_demand.check("new.good.com", client="192.0.2.1"))
    await asyncio.sleep(0)

    assert sum(task.done() for task in flood) == 1900
    release.set()
    await good
    await asyncio.gather(*flood, return_exceptions=True)


async def test_flood_over_time_is_asked_about_at_a_rate() -> None:
    """One network's names that are refused are asked about 10 times a second, no more."""
    clock = Clock()
    permission = Asked()
    on_demand = OnDemand(permission, now=clock)
    for number in range(3000):
        clock.time += 0.01
        with pytest.raises(NotAllowedError):
            await on_demand.check(f"r{number}.com", client=f"2001:db8::{number:x}")

    assert len(permission.names) <= 100 + 30 * 10 + 1


async def test_allowed_names_cost_no_budget() -> None:
    """A client that asks for a thousand good names gets them all."""
    on_demand = OnDemand(Asked(), now=Clock())

    for number in range(1000):
        await on_demand.check(f"a{number}.good.com", client="10.0.0.1")


async def test_flood_from_everywhere_takes_bounded_memory() -> None:
    """What is remembered of refused names, and of the networks they came from, is bounded."""
    clock = Clock()
    limits = Limits(remembered=500, networks=100)

    class Denying:
        async def allows(self, name: str) -> None:
            raise DeniedError(name)

    on_demand = OnDemand(Denying(), limits, clock)

    async def refuse(numbers: range) -> None:
        for number in numbers:
            with pytest.raises(NotAllowedError):
                await on_demand.check(
                    f"r{number}.com", client=f"10.{number % 200}.{number // 200}.1"
                )

    await refuse(range(2000))
    tracemalloc.start()
    await refuse(range(2000, 12_000))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert grown < 1_000_000


async def test_too_many_names_at_once_are_refused() -> None:
    """Beyond a number of names that wait, more are refused until some were answered."""
    on_demand = OnDemand(Asked(), Limits(waiting=10, vain=1000))
    checks = [asyncio.create_task(on_demand.check(f"a{each}.good.com")) for each in range(30)]

    results = await asyncio.gather(*checks, return_exceptions=True)

    assert results.count(None) == 10
    await on_demand.check("late.good.com")


async def test_issuances_have_a_rate() -> None:
    """Certificates are obtained 100 at once, then one a second."""
    clock = Clock()
    on_demand = OnDemand(None, now=clock)
    for _ in range(100):
        on_demand.admit()

    with pytest.raises(UndecidedError) as caught:
        on_demand.admit()

    assert caught.value.seconds == pytest.approx(1)
    clock.time += 2
    on_demand.admit()


@pytest.mark.parametrize("code", [200, 204, 299])
async def test_endpoint_allows_by_its_status(code: int) -> None:
    """2xx allows. The endpoint's own query is kept, sorted as Caddy sorts it."""
    async with hostile(status(code)) as server:
        await (await provisioned(f"{server.url}/ask?b=2&a=x%20y#f")).allows("a.com")

    assert server.targets == ["/ask?a=x+y&b=2&domain=a.com"]


@pytest.mark.parametrize("code", [400, 403, 404, 500, 503])
async def test_endpoint_denies_by_its_status(code: int) -> None:
    """What is not 2xx denies."""
    async with hostile(status(code, b"no")) as server:
        with pytest.raises(DeniedError, match=str(code)):
            await (await provisioned(server.url)).allows("a.com")


@pytest.mark.parametrize("answer", [b"junk\r\n\r\n", b"", status(302, fields="Location: /ok\r\n")])
async def test_endpoint_that_says_nothing_sensible(answer: bytes) -> None:
    """Garbage, nothing and a redirect allow nothing; a redirect is not followed."""
    async with hostile(answer) as server:
        with pytest.raises(UndecidedError):
            await (await provisioned(server.url)).allows("a.com")

    assert len(server.heads) == 1


@pytest.mark.parametrize("answer", [silence, drip])
async def test_endpoint_that_is_slow(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that takes too long is none, though bytes of it come all the time."""
    monkeypatch.setattr("snake.tls.ask._TIMEOUT", 0.3)
    async with hostile(answer) as server:  # type: ignore[arg-type]
        with pytest.raises(UndecidedError, match="did not answer within"):
            await (await provisioned(server.url)).allows("a.com")


async def test_endpoint_with_a_body_without_end() -> None:
    """The status allows; nobody waits for the body."""
    async with hostile(flood) as server:
        await (await provisioned(server.url)).allows("a.com")


async def test_placeholders_of_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Placeholders are filled; one that is unknown or empty is refused when the config loads."""
    async with hostile(status(200)) as server:
        monkeypatch.setenv("ASK", server.url)
        await (await provisioned("{env.ASK}/x")).allows("a.com")
    assert server.targets == ["/x?domain=a.com"]

    for wrong in ("{env.NOT_THERE}", "http://a/{nope}"):
        with pytest.raises(ConfigError, match="permission/endpoint: preparing 'ask' endpoint"):
            await provisioned(wrong)
    for wrong in ("", "localhost:9000", "unix//s"):
        with pytest.raises(ConfigError, match="permission/endpoint: the endpoint must be a URL"):
            await provisioned(wrong)


async def test_settings_name_one_permission() -> None:
    """The old `ask` and the new `permission` both say who is asked; they exclude each other."""
    registry = Registry({"tls.permission.http": "snake.tls.permissions:HTTP"})
    ctx = Context(registry, AsyncExitStack()).at("on_demand")
    module = Raw(b'{"module":"http","endpoint":"http://127.0.0.1:1"}')

    assert await permission_of(None, ctx) is None
    assert await permission_of(Settings(), ctx) is None
    assert await permission_of(Settings(ask="http://127.0.0.1:1"), ctx) is not None
    assert await permission_of(Settings(permission=module), ctx) is not None
    with pytest.raises(ConfigError, match="on_demand: both 'ask' and 'permission'"):
        await permission_of(Settings(ask="http://127.0.0.1:1", permission=module), ctx)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.200", True),
        ("10.0.0.1", "10.0.1.1", False),
        ("::ffff:10.0.0.1", "10.0.0.2", True),
        ("::ffff:10.0.0.1", "::ffff:10.9.0.1", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "@", True),
    ],
)
def test_networks_of_clients(one: str, other: str, *, same: bool) -> None:
    """A budget is for 256 addresses of IPv4, in whatever form, or for 64 bits of IPv6."""
    budgets = Budgets(10, 1, 100, Clock())

    assert (budgets.of(one) is budgets.of(other)) is same
