"""Challenges in the DNS: where the record goes, when it is seen, and that it does not stay."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from collections.abc import Iterator, Sequence

import pytest

from snake.acme.challenges import DNSChallenge, solver_of
from snake.core.errors import ConfigError
from snake.dns.provider import Defaults, Provider, ProviderError, Record, absolute, relative
from snake.dns.resolver import Place, Resolver, ResolverError, read_place
from snake.dns.rfc2136 import RFC2136
from snake.dns.solver import NO_CHECK, Solver, SolverError
from snake.dns.zone import end_of_aliases, zone_of
from tests.dns.provisioned import context
from tests.dns.servers import KEY, SECRET, Nameserver, nameserver
from tests.proxy.dns_server import DNSServer, Zone, black_hole, dns_server

ZONES = {
    "a.test.": (
        "_acme-challenge.alias IN CNAME alias-a.b.test.\n"
        "_acme-challenge.hop IN CNAME _acme-challenge.alias\n"
        "_acme-challenge.loop IN CNAME _acme-challenge.pool\n"
        "_acme-challenge.pool IN CNAME _acme-challenge.loop\n"
        "*.wild IN CNAME elsewhere.example.\n"
        "www IN CNAME a.test."
    ),
    "sub.a.test.": "",
    "b.test.": "",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nameserver]:
    """Run a BIND with some zones."""
    with nameserver("bind", tmp_path_factory.mktemp("bind"), ZONES) as found:
        yield found


async def updates(server: Nameserver) -> Provider:
    """Return the provider of the server."""
    module = RFC2136(server=server.place, key_name=KEY, key_alg="hmac-sha256", key=SECRET)
    return await module.provision(context("provider"))


async def solver(server: Nameserver) -> Solver:
    """Return one that looks at the server."""
    return Solver(await updates(server), resolvers=[server.place], interval=0.05)


def digest(key_authorization: str) -> str:
    """Return what a challenge's record has (RFC 8555 §8.4)."""
    whole = hashlib.sha256(key_authorization.encode()).digest()
    return base64.urlsafe_b64encode(whole).decode().rstrip("=")


class Recorded:
    """A provider that puts records into the zone of a `DNSServer`, and does what tests want."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self.added: list[tuple[str, Record]] = []
        self.deleted: list[tuple[str, Record]] = []
        self.visible = True
        self.adding: asyncio.Event | None = None
        self.fault: Exception | None = None

    async def append_records(self, zone: str, records: Sequence[Record]) -> list[Record]:
        """Add them."""
        for record in records:
            self.added.append((zone, record))
            if self.visible:
                self.show(zone, record)
        if self.adding is not None:
            self.adding.set()
            await asyncio.sleep(3600)
        if self.fault is not None:
            raise self.fault
        return list(records)

    def show(self, zone: str, record: Record) -> None:
        """Have the server answer with a record."""
        data = f'"{record.data}"' if record.type == "TXT" else record.data
        self._zone.setdefault((absolute(record.name, zone), record.type), []).append(data)

    async def delete_records(self, zone: str, records: Sequence[Record]) -> list[Record]:
        """Note them."""
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        self.deleted += [(zone, record) for record in records]
        return list(records)


@pytest.fixture
def fake() -> Iterator[DNSServer]:
    """Run a server whose zone tests change."""
    soa = ["ns.c.test. admin.c.test. 1 60 60 60 60"]
    with dns_server({("c.test.", "SOA"): soa}) as found:
        yield found


async def test_two_challenges_of_one_name_at_once(server: Nameserver) -> None:
    """A name and its wildcard have their records beside each other, and none stays."""
    challenges = await solver(server)

    async with challenges.solving("a.test", "t1.x"):
        async with challenges.solving("*.a.test", "t2.x"):
            both = {digest("t1.x"), digest("t2.x")}
            assert server.texts("_acme-challenge.a.test") == both
        assert server.texts("_acme-challenge.a.test") == {digest("t1.x")}
    assert server.texts("_acme-challenge.a.test") == set()


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("a.test", "_acme-challenge.a.test"),
        ("deep.down.a.test", "_acme-challenge.deep.down.a.test"),
        ("sub.a.test", "_acme-challenge.sub.a.test"),
        ("x.SUB.a.test", "_acme-challenge.x.sub.a.test"),
        ("www.a.test", "_acme-challenge.www.a.test"),
        ("alias.a.test", "alias-a.b.test"),
        ("hop.a.test", "alias-a.b.test"),
        ("*.alias.a.test", "alias-a.b.test"),
        ("x.wild.a.test", "_acme-challenge.x.wild.a.test"),
    ],
)
async def test_record_goes_where_the_authority_looks(
    server: Nameserver, name: str, owner: str
) -> None:
    """The record is in the zone of its name; an alias is followed, unless all names have it."""
    async with (await solver(server)).solving(name, "t.x"):
        assert server.texts(owner) == {digest("t.x")}
    assert server.texts(owner) == set()


async def test_override_domain(server: Nameserver) -> None:
    """With a domain to override, the record goes exactly there."""
    challenges = Solver(
        await updates(server),
        resolvers=[server.place],
        override_domain="challenges.b.test",
        interval=0.05,
    )
    async with challenges.solving("no.such.name", "t.x"):
        assert server.texts("challenges.b.test") == {digest("t.x")}


async def test_zone_is_the_closest_one(server: Nameserver) -> None:
    """The zone of a name is the one that ends it and is closest; of an unknown name it is none."""
    resolver = Resolver([read_place(server.place)])

    for name, zone in {
        "x.y.sub.a.test": "sub.a.test.",
        "sub.a.test.": "sub.a.test.",
        "www.a.test": "a.test.",
        "B.test": "b.test.",
    }.items():
        assert (await zone_of(name, resolver)).name == zone
    with pytest.raises(ResolverError, match=r"the DNS answers REFUSED for .*no\.such\.name"):
        await zone_of("no.such.name", resolver)


async def test_aliases_without_an_end(server: Nameserver) -> None:
    """A circle of aliases leads nowhere, and is left."""
    resolver = Resolver([read_place(server.place)])

    end = await end_of_aliases("_acme-challenge.loop.a.test.", resolver)

    assert end in {"_acme-challenge.loop.a.test.", "_acme-challenge.pool.a.test."}


async def test_record_is_waited_for(fake: DNSServer) -> None:
    """The challenge is ready when the record is seen, and not before."""
    provider = Recorded(fake.zone)
    provider.visible = False
    looks = 0

    async def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        assert seconds == 2
        if looks == 3:
            provider.show(*provider.added[0])

    challenges = Solver(provider, resolvers=[f"127.0.0.1:{fake.port}"], sleep=sleep)
    async with challenges.solving("x.c.test", "t.x"):
        assert looks == 3


async def test_record_that_is_never_seen(fake: DNSServer) -> None:
    """After the timeout it is an error that says who does not have it; the record is removed."""
    provider = Recorded(fake.zone)
    provider.visible = False
    challenges = Solver(
        provider,
        resolvers=[f"127.0.0.1:{fake.port}"],
        propagation_timeout=0.2,
        interval=0.05,
    )
    message = rf"not seen within 0.2 s: 127.0.0.1:{fake.port} answers NXDOMAIN"
    with pytest.raises(SolverError, match=message):
        async with challenges.solving("x.c.test", "t.x"):
            pass

    assert provider.deleted == provider.added


async def test_delay_and_no_check(fake: DNSServer) -> None:
    """It is first waited as long as is set; with -1 nobody looks."""
    provider = Recorded(fake.zone)
    provider.visible = False
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    challenges = Solver(
        provider,
        ttl=90,
        propagation_delay=30,
        propagation_timeout=NO_CHECK,
        resolvers=[f"127.0.0.1:{fake.port}"],
        sleep=sleep,
    )
    async with challenges.solving("x.c.test", "t.x"):
        assert slept == [30]
    assert fake.asked["TXT"] == 0
    assert provider.added == [
        ("c.test.", Record("TXT", "_acme-challenge.x", digest("t.x"), 90)),
    ]


async def test_servers_of_the_zone_are_asked_without_resolvers(
    fake: DNSServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without resolvers, those that the zone names must have the record."""
    system = Place("127.0.0.1", fake.port)
    monkeypatch.setattr("snake.dns.resolver._system", lambda: (system,))
    with dns_server({("d.test.", "SOA"): ["x. x. 1 1 1 1 1"]}) as authority:
        fake.zone[("d.test.", "SOA")] = ["x. x. 1 1 1 1 1"]
        fake.zone[("d.test.", "NS")] = ["ns1.d.test."]
        fake.zone[("ns1.d.test.", "A")] = ["127.0.0.1"]
        provider = Recorded(authority.zone)
        async with Solver(provider, authority_port=authority.port).solving("x.d.test", "t"):
            pass

    assert authority.asked["TXT"] == 1
    assert fake.asked["TXT"] == 0


async def test_servers_that_do_not_answer_are_passed_by(
    fake: DNSServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is down, or serves another zone, does not keep those that do from it."""
    monkeypatch.setattr("snake.dns.resolver._TRIES", ((0.1, "udp"),))
    with black_hole() as hole, dns_server({}) as broken:
        hole_port = hole.getsockname()[1]
        provider = Recorded(fake.zone)
        places = [f"127.0.0.1:{fake.port}", f"127.0.0.1:{hole_port}"]
        async with Solver(provider, resolvers=places).solving("x.c.test", "t"):
            pass

        broken.failing = True
        places[1] = f"127.0.0.1:{broken.port}"
        challenges = Solver(provider, resolvers=places, propagation_timeout=0.2, interval=0.1)
        with pytest.raises(SolverError, match=f"{broken.port} answers SERVFAIL"):
            async with challenges.solving("y.c.test", "t"):
                pass


async def test_no_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no DNS server can be asked, nothing is added."""
    monkeypatch.setattr("snake.dns.resolver._TRIES", ((0.05, "udp"), (0.05, "tcp")))
    provider = Recorded({})
    with black_hole() as hole:
        place = f"127.0.0.1:{hole.getsockname()[1]}"
        with pytest.raises(SolverError, match=r"DNS server 127.0.0.1:"):
            async with Solver(provider, resolvers=[place]).solving("x.c.test", "t"):
                pass

    assert provider.added == []


async def test_record_is_removed_after_a_failure(fake: DNSServer) -> None:
    """Whatever goes wrong meanwhile, the record does not stay."""
    provider = Recorded(fake.zone)
    with pytest.raises(ZeroDivisionError):
        async with Solver(provider, resolvers=[f"127.0.0.1:{fake.port}"]).solving("c.test", "t"):
            raise ZeroDivisionError

    assert provider.deleted == provider.added != []


async def test_record_is_removed_when_cancelled(fake: DNSServer) -> None:
    """Who is cancelled while the challenge is solved, or while the record is added, removes it."""
    provider = Recorded(fake.zone)
    challenges = Solver(provider, resolvers=[f"127.0.0.1:{fake.port}"])
    solving = asyncio.Event()

    async def solve() -> None:
        async with challenges.solving("c.test", "t"):
            solving.set()
            await asyncio.sleep(3600)

    for begun in (solving, asyncio.Event()):
        if begun is not solving:
            provider.adding = begun
        task = asyncio.create_task(solve())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert len(provider.added) == 2
    assert provider.deleted == provider.added


async def test_provider_that_fails(fake: DNSServer, caplog: pytest.LogCaptureFixture) -> None:
    """A provider that does not add is an error; one that does not remove is a warning."""
    provider = Recorded(fake.zone)
    challenges = Solver(provider, resolvers=[f"127.0.0.1:{fake.port}"])
    provider.fault = ProviderError("bad token")
    with pytest.raises(SolverError, match=r"no TXT record _acme-challenge.c.test.: bad token"):
        async with challenges.solving("c.test", "t"):
            pass

    provider.fault = None
    with caplog.at_level(logging.WARNING):
        async with challenges.solving("c.test", "t"):
            provider.fault = ProviderError("gone")
    assert "_acme-challenge.c.test. is left behind: gone" in caplog.text


async def test_settings_make_a_solver(fake: DNSServer) -> None:
    """What a challenge does not say itself, provider and resolvers, is that of the `tls` app."""
    provider = Recorded(fake.zone)
    services = {Defaults: Defaults(provider, (f"127.0.0.1:{fake.port}",))}

    found = await solver_of(DNSChallenge(ttl="1m"), context("dns", services=services))
    async with found.solving("c.test", "t"):
        assert provider.added[0][1].ttl == 60

    with pytest.raises(ConfigError, match="dns: DNS challenge enabled, but no DNS provider"):
        await solver_of(DNSChallenge(), context("dns"))
    with pytest.raises(ConfigError, match="'a:b' is no address of a DNS server"):
        await solver_of(DNSChallenge(resolvers=("a:b",)), context("dns", services=services))
    with pytest.raises(ConfigError, match=r"unrecognized placeholder \{x}"):
        await solver_of(DNSChallenge(override_domain="{x}"), context("dns", services=services))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1.1.1.1", Place("1.1.1.1")),
        ("1.1.1.1:54", Place("1.1.1.1", 54)),
        ("::1", Place("::1")),
        ("[::1]:54", Place("::1", 54)),
        ("[::1]", Place("::1")),
        ("ns.example.com", Place("ns.example.com")),
    ],
)
def test_addresses_of_servers(text: str, place: Place) -> None:
    """A DNS server is an address or a name, with a port or without."""
    assert read_place(text) == place


def test_names_of_records() -> None:
    """A record's name is relative to its zone, whose own name is `@`."""
    assert relative("_acme-challenge.A.test.", "a.test.") == "_acme-challenge"
    assert relative("a.test", "a.test.") == "@"
    assert absolute("@", "a.test.") == "a.test."
    assert absolute("x.y", "a.test.") == "x.y.a.test."
