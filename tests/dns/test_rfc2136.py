"""Records by RFC 2136, in a real BIND and a real Knot."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import pytest

from snake.core.errors import ConfigError
from snake.dns.provider import Provider, ProviderError, Record
from snake.dns.rfc2136 import RFC2136
from tests.dns.provisioned import context
from tests.dns.servers import KEY, SECRET, Nameserver, nameserver
from tests.options.adapted import document, refusal

ZONE = "a.test."


@pytest.fixture(scope="module", params=["bind", "knot"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nameserver]:
    """Run each of them with a zone."""
    with nameserver(request.param, tmp_path_factory.mktemp(request.param), {ZONE: ""}) as found:
        yield found


async def provider(at: Nameserver, **settings: str) -> Provider:
    """Return the provider of a server."""
    fields = {"server": at.place, "key_name": KEY, "key_alg": "hmac-sha256", "key": SECRET}
    return await RFC2136(**{**fields, **settings}).provision(context("provider"))


async def test_records_stand_beside_others(server: Nameserver) -> None:
    """A record is added beside those of the same name, and removed alone."""
    updates = await provider(server)
    one, two = (Record("TXT", "beside.www", data) for data in ("one", "two"))

    assert await updates.append_records(ZONE, [one]) == [one]
    await updates.append_records(ZONE, [two])
    assert server.texts("beside.www.a.test") == {"one", "two"}
    assert await updates.delete_records(ZONE, [one]) == [one]
    assert server.texts("beside.www.a.test") == {"two"}
    await updates.delete_records(ZONE, [two, one])
    assert server.texts("beside.www.a.test") == set()


@pytest.mark.parametrize("text", ['a"b\\c;d', "x" * 700, "\u00fc", "a b", "$ORIGIN", ""])
async def test_any_text_is_kept_as_it_is(server: Nameserver, text: str) -> None:
    """A text may be long, and have any character."""
    updates = await provider(server)
    record = Record("TXT", "text", text)

    await updates.append_records(ZONE, [record])
    try:
        assert server.texts("text.a.test") == {text}
    finally:
        await updates.delete_records(ZONE, [record])
    assert server.texts("text.a.test") == set()


async def test_records_of_other_types_and_of_the_zone_itself(server: Nameserver) -> None:
    """A CNAME may be added, with its time to live; so may a record of the zone's own name."""
    updates = await provider(server)
    alias = Record("CNAME", "alias", "target.b.test.", 90)
    apex = Record("TXT", "@", "apex")

    await updates.append_records(ZONE, [alias, apex])

    query = dns.message.make_query("alias.a.test", "CNAME")
    [found] = dns.query.udp(query, "127.0.0.1", timeout=5, port=server.port).answer
    assert (found.ttl, found[0].to_text()) == (90, "target.b.test.")
    assert server.texts(ZONE) == {"apex"}
    await updates.delete_records(ZONE, [alias, apex])
    assert server.texts(ZONE) == set()


@pytest.mark.parametrize(
    ("settings", "zone", "message"),
    [
        ({"key_name": "other"}, ZONE, "does not know the key 'other'"),
        ({"key": base64.b64encode(b"wrong").decode()}, ZONE, "another secret for the key 'acme'"),
        ({}, "b.test.", "does not change b.test. |requires a TSIG"),
    ],
)
async def test_server_that_refuses(
    server: Nameserver, settings: dict[str, str], zone: str, message: str
) -> None:
    """What a server refuses is said with the reason, and without the secret."""
    updates = await provider(server, **settings)

    with pytest.raises(ProviderError, match=message) as caught:
        await updates.append_records(zone, [Record("TXT", "x", "y")])

    assert SECRET not in str(caught.value)


async def test_server_that_is_not_there() -> None:
    """A closed port is an error that names the server."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = Nameserver(taken.getsockname()[1], 0)
        updates = await provider(place)
        with pytest.raises(ProviderError, match=f"{place.place} cannot be asked"):
            await updates.append_records(ZONE, [Record("TXT", "x", "y")])


async def test_placeholders_are_filled(
    server: Nameserver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The key may come from the environment, or from a file."""
    monkeypatch.setenv("DNS_SERVER", server.place)
    (tmp_path / "key").write_text(f"{SECRET}\n")

    updates = await provider(server, server="{env.DNS_SERVER}", key=f"{{file.{tmp_path / 'key'}}}")

    record = Record("TXT", "filled", "y")
    await updates.append_records(ZONE, [record])
    await updates.delete_records(ZONE, [record])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"key": "not base64!"}, "provider/key: the key is not in base64"),
        ({"key": "{env.NOT_THERE}"}, "provider/key: key of rfc2136 is empty"),
        ({"key_alg": "hmac-sha2"}, "provider/key_alg: unknown algorithm 'hmac-sha2'"),
        ({"server": "ns:99999"}, "provider/server: 'ns:99999' is no address"),
        ({"server": ""}, "provider/server: server of rfc2136 is empty"),
    ],
)
async def test_wrong_settings_are_refused(settings: dict[str, str], message: str) -> None:
    """A wrong setting is refused when the configuration loads."""
    with pytest.raises(ConfigError, match=message):
        await provider(Nameserver(53, 0), **settings)


def test_caddyfile() -> None:
    """In a Caddyfile it is a block of four lines, as that of Caddy's plugin."""
    block = f"key_name test\nkey_alg hmac-sha256\nkey {SECRET}\nserver 1.2.3.4:53"

    found = document(f"acme_dns rfc2136 {{\n{block}\n}}", "a.com {\n}")

    [policy] = found["apps"]["tls"]["automation"]["policies"]
    assert policy["issuers"][0]["challenges"]["dns"]["provider"] == {
        "name": "rfc2136",
        "key_name": "test",
        "key_alg": "hmac-sha256",
        "key": SECRET,
        "server": "1.2.3.4:53",
    }


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("", "rfc2136: missing key_name"),
        ("key_name a\nkey_alg b\nkey c", "rfc2136: missing server"),
        ("key_nam a", 'unrecognized subdirective: key_nam; did you mean "key_name"?'),
        ("key a b", "key takes one argument, got 2"),
    ],
)
def test_wrong_blocks_are_refused(block: str, message: str) -> None:
    """Each mistake says what is missing or unknown."""
    assert message in refusal(f"dns rfc2136 {{\n{block}\n}}")


@pytest.mark.parametrize(
    "record",
    [
        Record("CNAME", "x", "two words"),
        Record("CNAME", "x", ""),
        Record("NONSENSE", "x", "y"),
        Record("TXT", "x" * 70, "y"),
        Record("TXT", "x..y", "y"),
        Record("A", "x", "no address"),
    ],
)
async def test_records_that_there_cannot_be(record: Record) -> None:
    """What is no record is an error, and nothing is sent."""
    updates = await provider(Nameserver(9, 0))
    with pytest.raises(ProviderError, match="there can be no such record"):
        await updates.append_records(ZONE, [record])
