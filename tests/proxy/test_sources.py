"""proxy.sources: backends that a DNS server knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.proxy.backend import Backends, Hosts
from snake.proxy.dns import Service, in_hosts_file, sorted_services
from snake.proxy.source import Source, SourceError
from snake.proxy.sources import SOURCES
from snake.standard import MODULES
from tests.proxy.dns_server import DNSServer, black_hole, dns_server
from tests.proxy.outgoing import outgoing

REQUEST = outgoing("/?name=two.test", {"Host": "one.test"}).request


@pytest.fixture
def server() -> Iterator[DNSServer]:
    """A server that knows some names."""
    zone = {
        ("one.test.", "A"): ["127.0.0.1", "127.0.0.2"],
        ("one.test.", "AAAA"): ["::1"],
        ("two.test.", "A"): ["127.0.0.3"],
        ("_app._tcp.one.test.", "SRV"): ["20 0 9003 c.one.test.", "10 0 9001 a.one.test."],
    }
    with dns_server(zone) as running:
        yield running


@asynccontextmanager
async def source(server: DNSServer | None, kind: str, /, **fields: Any) -> AsyncIterator[Source]:
    """Provision a source that asks this server."""
    if server is not None:
        fields["resolver"] = {"addresses": [f"127.0.0.1:{server.port}"]} | fields.pop(
            "resolver", {}
        )
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack).offering(Backends, Backends(Hosts()))
        raw = msgspec.Raw(msgspec.json.encode({"source": kind} | fields))
        yield await ctx.load(raw, namespace=SOURCES, key="source")


async def dials(of: Source) -> list[str]:
    """Return the addresses that a source finds; the order of a name's own means nothing."""
    found = [backend.dial for backend in await of.find(REQUEST)]
    return sorted(found, key=lambda dial: ("test" in dial, dial))


async def test_addresses_become_backends(server: DNSServer) -> None:
    """`a` gives each address of a name, of both versions, with the port 80 unless told."""
    async with source(server, "a", name="one.test") as a:
        assert await dials(a) == ["127.0.0.1:80", "127.0.0.2:80", "[::1]:80"]
    async with source(server, "a", name="one.test", port="9000", versions={"ipv4": True}) as a:
        assert await dials(a) == ["127.0.0.1:9000", "127.0.0.2:9000"]
    async with source(server, "a", name="one.test", versions={"ipv4": False}) as a:
        assert await dials(a) == ["127.0.0.1:80", "127.0.0.2:80", "[::1]:80"]
    async with source(server, "a", name="one.test", versions={"ipv6": True, "ipv4": False}) as a:
        assert await dials(a) == ["[::1]:80"]


async def test_names_have_placeholders(server: DNSServer) -> None:
    """Name and port are filled for each request; what was found is kept by both."""
    async with source(server, "a", name="{http.request.host}", port="{http.vars.port}") as a:
        REQUEST.vars["port"] = "1"
        assert await dials(a) == ["127.0.0.1:1", "127.0.0.2:1", "[::1]:1"]
        assert a.known(REQUEST)
        REQUEST.vars["port"] = "2"
        assert a.known(REQUEST) is None


async def test_answers_are_kept_for_a_while(server: DNSServer) -> None:
    """Within `refresh` nobody is asked again; after it, the new answer counts."""
    async with source(server, "a", name="two.test", refresh="1h") as a:
        assert a.known(REQUEST) is None
        assert await dials(a) == ["127.0.0.3:80"]
        assert [each.dial for each in a.known(REQUEST) or ()] == ["127.0.0.3:80"]
        assert server.asked == {"A": 1, "AAAA": 1}
    async with source(server, "a", name="two.test", refresh="1ns") as a:
        assert await dials(a) == ["127.0.0.3:80"]
        server.zone["two.test.", "A"] = ["127.0.0.4"]
        assert a.known(REQUEST) is None
        assert await dials(a) == ["127.0.0.4:80"]


async def test_requests_wait_for_one_lookup(server: DNSServer) -> None:
    """However many come at once, the server is asked once; one that is given up hurts no other."""
    async with source(server, "srv", name="_app._tcp.one.test") as srv:
        tasks = [asyncio.create_task(dials(srv)) for _ in range(50)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [["a.one.test.:9001", "c.one.test.:9003"]] * 49
    assert server.asked == {"SRV": 1}


async def test_services_become_backends_in_order(server: DNSServer) -> None:
    """`srv` sorts by priority; service, protocol and name make the name, or it alone."""
    parts = {"service": "app", "proto": "tcp", "name": "one.test"}
    async with source(server, "srv", **parts) as srv:
        found = await srv.find(REQUEST)
        assert [each.dial for each in found] == ["a.one.test.:9001", "c.one.test.:9003"]
    async with source(server, "srv", **parts, dial_network="tcp4") as srv:
        assert await dials(srv) == ["tcp4/a.one.test.:9001", "tcp4/c.one.test.:9003"]


async def test_weights_decide_among_equals() -> None:
    """Among services of one priority, one is first as often as its weight says (RFC 2782)."""
    records = [Service("a.", 1, 0, 3), Service("b.", 1, 0, 1), Service("c.", 1, 0, 0)]
    firsts = [sorted_services(records)[0].target for _ in range(2000)]

    assert 0.68 < firsts.count("a.") / 2000 < 0.82
    assert firsts.count("c.") == 0


async def test_only_services_are_forgotten_after_a_failure(server: DNSServer) -> None:
    """A retry asks anew for `srv`, not for `a`, as in Caddy."""
    async with source(server, "srv", name="_app._tcp.one.test") as srv:
        await srv.find(REQUEST)
        srv.forget(REQUEST)
        assert srv.known(REQUEST) is None
    async with source(server, "a", name="two.test") as a:
        await a.find(REQUEST)
        a.forget(REQUEST)
        assert a.known(REQUEST) is not None


async def test_grace_keeps_old_answers(server: DNSServer) -> None:
    """With `grace_period` a lookup that fails leaves what was found before."""
    options = {"name": "_app._tcp.one.test", "refresh": "1ns", "dial_timeout": "50ms"}
    async with source(server, "srv", **options) as srv:
        await srv.find(REQUEST)
        server.failing = True
        with pytest.raises(SourceError, match=r"lookup _app._tcp.one.test"):
            await srv.find(REQUEST)
        server.failing = False
    async with source(server, "srv", **options, grace_period="10s") as srv:
        before = await dials(srv)
        server.failing = True
        assert await dials(srv) == before
        assert [each.dial for each in srv.known(REQUEST) or ()] == before


async def test_several_sources_are_put_together(server: DNSServer) -> None:
    """`multi` gives what each finds, in order, and passes over one that fails."""
    resolver = {"addresses": [f"127.0.0.1:{server.port}"]}
    sources = [
        {"source": "a", "name": "nobody.test", "resolver": resolver},
        {"source": "a", "name": "two.test", "resolver": resolver},
        {"source": "srv", "name": "_app._tcp.one.test", "resolver": resolver},
    ]
    async with source(None, "multi", sources=sources) as multi:
        assert await dials(multi) == ["127.0.0.3:80", "a.one.test.:9001", "c.one.test.:9003"]
        assert multi.known(REQUEST) is None
    async with source(None, "multi", sources=sources[1:]) as multi:
        found = await multi.find(REQUEST)
        assert multi.known(REQUEST) == found


async def test_servers_are_asked_as_their_address_says(server: DNSServer) -> None:
    """A resolver may be asked over TCP, and have a name."""
    for text in (f"tcp/127.0.0.1:{server.port}", f"tcp/localhost:{server.port}"):
        async with source(server, "a", name="two.test", resolver={"addresses": [text]}) as a:
            assert await dials(a) == ["127.0.0.3:80"]
    assert server.asked["tcp A"] == 2


async def test_the_system_knows_its_own_names() -> None:
    """Without resolvers the system is asked, and an address needs no asking."""
    async with source(None, "a", name="localhost", versions={"ipv4": True}) as a:
        assert await dials(a) == ["127.0.0.1:80"]
    async with source(None, "a", name="::1") as a:
        assert await dials(a) == ["[::1]:80"]


async def test_the_hosts_file_goes_before_servers(server: DNSServer, tmp_path: Path) -> None:
    """A name that the system's own file has is not asked for."""
    async with source(server, "a", name="localhost", versions={"ipv4": True}) as a:
        assert await dials(a) == ["127.0.0.1:80"]
    assert not server.asked
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "# 10.0.0.1 app\n10.0.0.2\tAPP.test app # db\n::1 app\nnonsense app\n\n10.0.0.3 db\n"
    )

    assert in_hosts_file("app.", "ip", hosts) == ["10.0.0.2", "::1"]
    assert in_hosts_file("app", "ip6", hosts) == ["::1"]
    assert in_hosts_file("app.TEST", "ip4", hosts) == ["10.0.0.2"]
    assert in_hosts_file("db", "ip", hosts) == ["10.0.0.3"]
    assert in_hosts_file("app", "ip", tmp_path / "none") == []


@pytest.mark.parametrize("name", ["nobody.test", "", "a" * 64 + ".test", "x..test", "\0", "ü" * 99])
async def test_names_that_nobody_has(name: str, server: DNSServer) -> None:
    """A name that is unknown, or can be none, is an error and nothing worse."""
    for kind in ("a", "srv"):
        async with source(server, kind, name=name) as each:
            with pytest.raises(SourceError):
                await each.find(REQUEST)


async def test_a_silent_server_is_given_up() -> None:
    """A resolver that does not answer costs twice `dial_timeout`."""
    with black_hole() as hole:
        resolver = {"addresses": [f"127.0.0.1:{hole.getsockname()[1]}"]}
        async with source(None, "a", name="x.test", resolver=resolver, dial_timeout="100ms") as a:
            async with asyncio.timeout(3):
                with pytest.raises(SourceError, match=r"x\.test"):
                    await a.find(REQUEST)


@pytest.mark.parametrize("address", ["1.1.1.1:53-54", "unix//x", "1.1.1.1:x"])
async def test_resolvers_are_addresses(address: str) -> None:
    """What is no address of a resolver is refused with its place."""
    with pytest.raises(ConfigError) as caught:
        async with source(None, "a", name="x", resolver={"addresses": [address]}):
            pass

    assert caught.value.path == "resolver/addresses/0"
