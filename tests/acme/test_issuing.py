"""Certificates from a real authority: Pebble, which rejects nonces and validates."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from snake.acme.account import Accounts
from snake.acme.client import Client
from snake.acme.roots import trusting
from snake.acme.wire import Wire
from snake.tls.issuer import IssueError
from tests.acme.issuing import Asked, fields, host
from tests.acme.pebble import (
    KEY_ID,
    MAC_KEY,
    Pebble,
    needs_pebble,
    pebble,
    with_external_accounts,
)
from tests.dns.servers import KEY, SECRET, nameserver

pytestmark = needs_pebble

HTTP_ONLY = {"tls-alpn": {"disabled": True}}
TLS_ONLY = {"http": {"disabled": True}}


@pytest.fixture
def ca(tmp_path: Path) -> Iterator[Pebble]:
    """A Pebble that rejects three nonces of ten, and reuses no authorization."""
    with pebble(tmp_path / "ca", env={"PEBBLE_AUTHZREUSE": "0"}) as ca:
        yield ca


@pytest.mark.parametrize("challenges", [HTTP_ONLY, TLS_ONLY], ids=["http-01", "tls-alpn-01"])
@pytest.mark.parametrize("name", ["a.example.com", "127.0.0.1"])
async def test_a_name_is_proved(
    tmp_path: Path, ca: Pebble, challenges: dict[str, dict[str, bool]], name: str
) -> None:
    """A certificate is had by either challenge, from a port that is open as long as it takes."""
    server = host(tmp_path, ca)
    async with server.issuer(**fields(ca, challenges=challenges)) as issuer:
        asked = Asked(name)
        issued = await issuer.issue(asked.request())
    certificate = asked.certificate(issued)
    assert certificate.names == (name,)
    assert issued.metadata["ca"] == ca.directory
    assert issued.metadata["account"].startswith("https://127.0.0.1:")
    assert not list(server.folder.glob("acme/*/challenge_tokens/*"))
    port = ca.http_port if challenges is HTTP_ONLY else ca.tls_port
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.slow
async def test_several_names_are_proved_at_once(tmp_path: Path, ca: Pebble) -> None:
    """One certificate may be for several names, each proved by a challenge of its own."""
    names = tuple(f"{letter}.example.com" for letter in "abcdefgh")
    async with host(tmp_path, ca).issuer(**fields(ca)) as issuer:
        asked = Asked(*names)
        assert asked.certificate(await issuer.issue(asked.request())).names == names


@pytest.mark.slow
async def test_many_certificates_are_had_at_once(tmp_path: Path, ca: Pebble) -> None:
    """Certificates are ordered side by side, with one account that is made once."""
    server = host(tmp_path, ca)
    async with server.issuer(**fields(ca, email="me@example.com")) as issuer:
        asked = [Asked(f"{number}.example.com") for number in range(20)]
        issued = await asyncio.gather(*(issuer.issue(each.request()) for each in asked))
    assert len({each.metadata["account"] for each in issued}) == 1
    assert len(list(server.folder.glob("acme/*/users/*"))) == 1


@pytest.mark.slow
async def test_another_challenge_is_tried(tmp_path: Path, ca: Pebble) -> None:
    """When one challenge fails, the other one is tried; the one that succeeded is first later."""
    server = host(tmp_path, ca)
    with socket.create_server(("127.0.0.1", ca.http_port)) as deaf:
        deaf.listen()
        server.dealings.history.note("tls-alpn-01", succeeded=False)
        async with server.issuer(**fields(ca, acme_timeout="20s")) as issuer:
            asked = Asked("a.example.com")
            closing = asyncio.create_task(_hang_up(deaf))
            asked.certificate(await issuer.issue(asked.request()))
            closing.cancel()
    order = server.dealings.history.order(["http-01", "tls-alpn-01"])
    assert order == ["tls-alpn-01", "http-01"]


async def _hang_up(server: socket.socket) -> None:
    """Take every connection, and end it."""
    server.setblocking(False)  # noqa: FBT003
    while True:
        client, _ = await asyncio.get_running_loop().sock_accept(server)
        client.close()


@pytest.mark.slow
async def test_a_name_that_is_not_ours_is_not_had(tmp_path: Path, ca: Pebble) -> None:
    """For a name that leads elsewhere, the authority's reason is in the error."""
    ca.tell_dns("add-a", host="b.example.com.", addresses=["127.9.9.9"])
    challenges = {"bind_host": "127.0.0.1", **HTTP_ONLY}
    async with host(tmp_path, ca).issuer(**fields(ca, challenges=challenges)) as issuer:
        says = r"b\.example\.com: http-01: .*connection refused \(connection\)"
        with pytest.raises(IssueError, match=says) as caught:
            await issuer.issue(Asked("b.example.com").request())
    assert not caught.value.lasting


@pytest.mark.slow
async def test_a_validation_may_take_a_while(tmp_path: Path) -> None:
    """An authority that looks when it likes is asked until it has."""
    sleepy = {"PEBBLE_VA_NOSLEEP": "0", "PEBBLE_VA_SLEEPTIME": "3", "PEBBLE_WFE_NONCEREJECT": "60"}
    with pebble(tmp_path / "ca", env=sleepy) as ca:
        async with host(tmp_path, ca).issuer(**fields(ca)) as issuer:
            asked = Asked("a.example.com", "b.example.com")
            asked.certificate(await issuer.issue(asked.request()))


async def test_a_wildcard_needs_dns(tmp_path: Path, ca: Pebble) -> None:
    """A wildcard is not proved by HTTP or TLS, and that does not change by asking again."""
    async with host(tmp_path, ca).issuer(**fields(ca)) as issuer:
        with pytest.raises(IssueError, match="proved by DNS only: set dns <provider>") as caught:
            await issuer.issue(Asked("*.example.com").request())
    assert caught.value.lasting


@pytest.mark.slow
async def test_dns01_proves_a_wildcard(tmp_path: Path) -> None:
    """A wildcard is proved by a record that a provider puts into the DNS, and takes away."""
    (tmp_path / "dns").mkdir()
    with ExitStack() as stack:
        dns = stack.enter_context(nameserver("bind", tmp_path / "dns", {"d.test.": ""}))
        ca = stack.enter_context(pebble(tmp_path / "ca", dns_port=dns.port))
        provider = {
            "name": "rfc2136",
            "server": dns.place,
            "key_name": KEY,
            "key_alg": "hmac-sha256",
            "key": SECRET,
        }
        solving = {"dns": {"provider": provider, "resolvers": [dns.place]}}
        async with host(tmp_path, ca).issuer(**fields(ca, challenges=solving)) as issuer:
            asked = Asked("*.d.test", "d.test")
            certificate = asked.certificate(await issuer.issue(asked.request()))
        assert set(certificate.names) == {"*.d.test", "d.test"}
        assert dns.texts("_acme-challenge.d.test.") == set()


async def test_a_port_that_may_not_be_opened_is_named(tmp_path: Path, ca: Pebble) -> None:
    """When no port can be opened for a challenge, the error says which, and why."""
    challenges = {"bind_host": "192.0.2.1"}  # an address that this machine does not have
    async with host(tmp_path, ca).issuer(**fields(ca, challenges=challenges)) as issuer:
        with pytest.raises(IssueError, match=r"cannot listen on 192\.0\.2\.1:\d+ to answer"):
            await issuer.issue(Asked("a.example.com").request())


async def test_an_external_account_is_bound(tmp_path: Path) -> None:
    """Where accounts are given out before, one is made with `external_account`."""
    with pebble(tmp_path / "ca", **with_external_accounts()) as ca:
        server = host(tmp_path, ca)
        account = {"key_id": KEY_ID, "mac_key": MAC_KEY}
        async with server.issuer(**fields(ca, external_account=account)) as issuer:
            asked = Asked("a.example.com")
            asked.certificate(await issuer.issue(asked.request()))


@pytest.mark.parametrize(
    ("account", "says"),
    [
        (None, "set eab <key_id> <mac_key>"),
        ({"key_id": KEY_ID, "mac_key": "c2VjcmV0LXRoYXQtaXMtd3Jvbmc"}, "unauthorized"),
        ({"key_id": "nobody", "mac_key": MAC_KEY}, "unauthorized"),
        ({"key_id": KEY_ID, "mac_key": "no base64!"}, "is not base64url"),
    ],
    ids=["none", "wrong key", "unknown", "no key"],
)
async def test_a_wrong_external_account_is_refused(
    tmp_path: Path, account: dict[str, str] | None, says: str
) -> None:
    """Without the right external account there is an error, and the secret is not in it."""
    with pebble(tmp_path / "ca", **with_external_accounts()) as ca:
        more = {} if account is None else {"external_account": account}
        async with host(tmp_path, ca).issuer(**fields(ca, **more)) as issuer:
            with pytest.raises(IssueError) as caught:
                await issuer.issue(Asked("a.example.com").request())
    assert says in str(caught.value)
    assert account is None or account["mac_key"] not in str(caught.value)


@pytest.mark.slow
async def test_other_chains_can_be_preferred(tmp_path: Path) -> None:
    """Of the chains for a certificate, that of a root is chosen by its common name."""
    with pebble(tmp_path / "ca", env={"PEBBLE_ALTERNATE_ROOTS": "2"}) as ca:
        server = host(tmp_path, ca)
        name = _common_name(ca.roots(2))
        for chains, wanted in (
            ({"root_common_name": ["nobody", name]}, name),
            ({"any_common_name": [name]}, name),
            ({"root_common_name": ["nobody"]}, _common_name(ca.roots(0))),
        ):
            async with server.issuer(**fields(ca, preferred_chains=chains)) as issuer:
                issued = await issuer.issue(Asked("a.example.com").request())
            assert _issuer_of_last(issued.chain) == wanted


@pytest.mark.parametrize("status", ["deactivated", "unknown"])
async def test_an_account_that_is_gone_is_made_anew(
    tmp_path: Path, ca: Pebble, status: str
) -> None:
    """An account that the authority does not take any more is forgotten, and another is made."""
    server = host(tmp_path, ca)
    async with server.issuer(**fields(ca, email="me@example.com")) as issuer:
        before = (await issuer.issue(Asked("a.example.com").request())).metadata["account"]
    if status == "deactivated":
        await _deactivate(server.storage, ca)
    else:
        file = next(server.folder.glob("acme/*/users/me@example.com/me.json"))
        file.write_text(file.read_text().replace(before, before + "0"))
    async with server.issuer(**fields(ca, email="me@example.com")) as issuer:
        after = (await issuer.issue(Asked("a.example.com").request())).metadata["account"]
        again = (await issuer.issue(Asked("a.example.com").request())).metadata["account"]
    assert after == again
    assert after != before + "0"
    assert (after == before) is False or status == "unknown"


async def _deactivate(storage: object, ca: Pebble) -> None:
    client = Client(ca.directory, Wire(trusting([str(ca.root)])))

    async def nobody() -> None:
        return None

    accounts = Accounts(
        client,
        storage,  # type: ignore[arg-type]
        email="me@example.com",
        own_key="",
        bound=nobody,
    )
    account = await accounts.get()
    await client.post(account.location, {"status": "deactivated"}, account.key, account.location)
    client.close()


def _common_name(pem: str) -> str:
    found = x509.load_pem_x509_certificate(pem.encode()).subject
    return str(found.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _issuer_of_last(chain: str) -> str:
    last = x509.load_pem_x509_certificates(chain.encode())[-1]
    return str(last.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
