"""Sites that have their certificates by ACME, in a server that runs."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.acme.caddy_ca import caddy_ca, needs_port_80, own_address
from tests.acme.lying_ca import LyingCA, Reply, lying_ca, problem
from tests.acme.pebble import (
    KEY_ID,
    MAC_KEY,
    Pebble,
    needs_new_pebble,
    needs_pebble,
    pebble,
    with_external_accounts,
)
from tests.e2e.handshakes import shake
from tests.server import Server, free_port, running

pytestmark = pytest.mark.slow

OBTAINED = "certificate obtained"
FAILED = "cannot get a certificate"


def _options(folder: Path, http: int, https: int, *more: str) -> str:
    lines = (
        "admin off",
        "persist_config off",
        f"http_port {http}",
        f"https_port {https}",
        f"storage file_system {folder / 'storage'}",
        *more,
    )
    return "{\n" + "".join(f"\t{line}\n" for line in lines) + "}\n"


def _pebbles(folder: Path, ca: Pebble, *more: str) -> str:
    """Return the global options of a server that has its certificates from a Pebble."""
    trusted = (f"acme_ca {ca.directory}", f"acme_ca_root {ca.root}")
    return _options(folder, ca.http_port, ca.tls_port, *trusted, *more)


def _root(folder: Path, ca: Pebble) -> Path:
    """Return a file with the root that a Pebble issues by."""
    file = folder / "issued-by.pem"
    file.write_text(ca.roots())
    return file


def _serial(port: int, name: str) -> int:
    found = shake(port, name)
    assert found.certificate, found.fault
    return x509.load_der_x509_certificate(found.certificate).serial_number


def _until(true: Callable[[], bool], server: Server, limit: float = 40) -> None:
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, server.log
        time.sleep(0.05)


@pytest.fixture
def ca(tmp_path: Path) -> Iterator[Pebble]:
    """A Pebble that connects to the ports of the server."""
    with pebble(tmp_path / "ca", env={"PEBBLE_AUTHZREUSE": "0"}) as ca:
        yield ca


@needs_pebble
@pytest.mark.parametrize("disabled", ["http", "tlsalpn"])
def test_a_name_is_enough(tmp_path: Path, ca: Pebble, disabled: str) -> None:
    """A site with a name gets its certificate, by either challenge, and is served with it."""
    issuer = f"cert_issuer acme {{\n\t\tdisable_{disabled}_challenge\n\t}}"
    config = _pebbles(tmp_path, ca, issuer) + "a.example.com {\n\trespond hello\n}\n"
    with running(config, tmp_path) as server:
        server.wait_for(OBTAINED)
        found = shake(ca.tls_port, "a.example.com", root=_root(tmp_path, ca))
        assert found.body == "hello", found.fault
        told = server.wait_for("challenge solved")["challenge_type"]
        assert told == ("tls-alpn-01" if disabled == "http" else "http-01")


@needs_pebble
@pytest.mark.parametrize("disabled", ["http", "tlsalpn"])
def test_an_address_is_proved(tmp_path: Path, ca: Pebble, disabled: str) -> None:
    """A site of an address is proved by either challenge; in a handshake by its reverse name."""
    issuer = f"dir {ca.directory}\n\t\t\ttrusted_roots {ca.root}"
    issuer = f"issuer acme {{\n\t\t\t{issuer}\n\t\t\tdisable_{disabled}_challenge\n\t\t}}"
    options = _options(tmp_path, ca.http_port, ca.tls_port)
    site = f"https://127.0.0.1 {{\n\ttls {{\n\t\t{issuer}\n\t}}\n\trespond hello\n}}\n"
    with running(options + site, tmp_path) as server:
        assert server.wait_for(OBTAINED)["name"] == "127.0.0.1"


@needs_pebble
def test_a_client_may_come_first(tmp_path: Path, ca: Pebble) -> None:
    """A client that comes while the first certificate is being obtained waits for it."""
    config = _pebbles(tmp_path, ca) + "a.example.com {\n\trespond hello\n}\n"
    with running(config, tmp_path):
        found = shake(ca.tls_port, "a.example.com", root=_root(tmp_path, ca))
        assert found.body == "hello", found.fault


@needs_pebble
@pytest.mark.timeout(150)  # a quarter of a minute, where nothing else runs
def test_a_hundred_names_at_start(tmp_path: Path) -> None:
    """A hundred sites get their certificates side by side; each is served as soon as it has one."""
    names = [f"{number}.example.com" for number in range(100)]
    faults = {"PEBBLE_WFE_NONCEREJECT": "5"}
    with pebble(tmp_path / "ca", env=faults) as ca:
        config = _pebbles(tmp_path, ca) + "".join(
            f"{name} {{\n\trespond hi\n}}\n" for name in names
        )
        with running(config, tmp_path) as server:
            first = server.wait_for(OBTAINED)["name"]
            assert shake(ca.tls_port, first).body == "hi"
            server.wait_for(OBTAINED, limit=120, count=100)
            assert {r["name"] for r in server.records if r["msg"] == OBTAINED} == set(names)
            assert len(list((tmp_path / "storage").glob("acme/*/users/*"))) == 1
            last = shake(ca.tls_port, names[-1], root=_root(tmp_path, ca))
            assert last.body == "hi", last.fault


@needs_pebble
def test_a_reload_while_certificates_are_obtained(tmp_path: Path, ca: Pebble) -> None:
    """Reloads lose nothing of what is under way: every name gets its certificate, none fails."""
    names = [f"{number}.example.com" for number in range(25)]
    sites = "".join(f"{name} {{\n\trespond hi\n}}\n" for name in names)
    with running(_pebbles(tmp_path, ca) + sites, tmp_path) as server:
        for count in range(1, 4):
            server.wait_for(OBTAINED, count=3 * count)
            server.send(signal.SIGUSR1)
        stored = tmp_path / "storage/certificates"
        _until(lambda: len(list(stored.glob("*/*/*.json"))) == len(names), server)
        server.wait_for("reloaded the configuration", count=3)
        assert {shake(ca.tls_port, name).body for name in names} == {"hi"}
        assert not [record for record in server.records if record["msg"] == FAILED]
        assert not [record for record in server.records if record.get("logger") == "asyncio"]


@needs_pebble
def test_an_external_account(tmp_path: Path) -> None:
    """With `acme_eab`, certificates come from an authority that wants to know its accounts."""
    with pebble(tmp_path / "ca", **with_external_accounts()) as ca:
        eab = f"acme_eab {{\n\t\tkey_id {KEY_ID}\n\t\tmac_key {MAC_KEY}\n\t}}"
        config = _pebbles(tmp_path, ca, eab) + "a.example.com {\n\trespond hello\n}\n"
        with running(config, tmp_path) as server:
            server.wait_for(OBTAINED)
            assert shake(ca.tls_port, "a.example.com").body == "hello"
            assert MAC_KEY not in server.log


@needs_new_pebble
def test_a_certificate_for_six_days(tmp_path: Path) -> None:
    """With the profile `shortlived`, a site is served with a certificate for six days."""
    profiles = {"shortlived": {"description": "six days", "validityPeriod": 518_400}}
    with pebble(tmp_path / "ca", profiles=profiles) as ca:
        issuer = "cert_issuer acme {\n\t\tprofile shortlived\n\t}"
        config = _pebbles(tmp_path, ca, issuer) + "a.example.com {\n\trespond hello\n}\n"
        with running(config, tmp_path) as server:
            server.wait_for(OBTAINED)
            shown = shake(ca.tls_port, "a.example.com").certificate
            leaf = x509.load_der_x509_certificate(shown)
            lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
            assert abs(lifetime.total_seconds() - 518_400) < 3600


@needs_pebble
def test_a_site_on_another_port_is_proved_all_the_same(tmp_path: Path, ca: Pebble) -> None:
    """Where no server listens on the port that the authority asks, one is opened for a while."""
    config = _pebbles(tmp_path, ca, "auto_https disable_redirects")
    config += "https://a.example.com:PORT {\n\trespond hello\n}\n"
    with running(config, tmp_path) as server:
        server.wait_for(OBTAINED)
        found = shake(server.port, "a.example.com", root=_root(tmp_path, ca))
        assert found.body == "hello", found.fault


class Site:
    """A site whose authority can be told to lie."""

    def __init__(self, folder: Path, ca: LyingCA) -> None:
        self.folder = folder
        self.https = free_port()
        ca_option = f"acme_ca {ca.directory}"
        self.config = _options(folder, free_port(), self.https, ca_option)
        self.config += "a.example.com {\n\trespond hello\n}\n"

    @property
    def stored(self) -> int:
        """The serial number of the certificate that is stored."""
        file = next(self.folder.glob("storage/certificates/*/*/*.crt"))
        return x509.load_pem_x509_certificate(file.read_bytes()).serial_number

    @property
    def serial(self) -> int:
        """The serial number of the certificate that is served."""
        return _serial(self.https, "a.example.com")


@pytest.fixture
def liar() -> Iterator[LyingCA]:
    """An authority that tells the truth until it is told to lie."""
    with lying_ca() as liar:
        liar.window = (-60, 3600)
        liar.meta = {}
        yield liar


def _no_ari(liar: LyingCA) -> None:
    """Have an authority that has no opinion on renewals."""
    places = {"newNonce": "nonce", "newAccount": "account", "newOrder": "new-order"}
    body = json.dumps({name: f"{liar.url}/{step}" for name, step in places.items()}).encode()
    liar.lies["directory"] = Reply(200, body)


def test_a_short_lived_certificate_is_renewed(tmp_path: Path, liar: LyingCA) -> None:
    """When a third of its lifetime is left, a certificate is renewed, and the new one is served."""
    _no_ari(liar)
    liar.age, liar.lifetime = timedelta(seconds=2), timedelta(seconds=13)
    site = Site(tmp_path, liar)
    with running(site.config, tmp_path) as server:
        server.wait_for(OBTAINED)
        first = site.serial
        server.wait_for("certificate renewed")
        _until(lambda: site.serial != first, server)
        assert len(liar.payloads("new-order")) < 20


def test_the_authority_may_want_a_certificate_back(tmp_path: Path, liar: LyingCA) -> None:
    """When the authority's window is over, a certificate is renewed at once, and says which."""
    site = Site(tmp_path, liar)
    with running(site.config, tmp_path) as server:
        server.wait_for(OBTAINED)
        first = site.serial
    liar.window = (-7200, -3600)
    with running(site.config, tmp_path) as server:
        server.wait_for("certificate renewed")
        _until(lambda: site.serial != first, server)
        assert "replaces" in liar.payloads("new-order")[1]
        # The new one is wanted back as well, and yet nobody orders without end.
        time.sleep(3)
        assert len(liar.payloads("new-order")) == 2


def _due(liar: LyingCA) -> None:
    """Have what is issued be valid for a minute more, and due for renewal."""
    _no_ari(liar)
    liar.age, liar.lifetime = timedelta(days=1), timedelta(minutes=2)


FAULTS: dict[str, Callable[[LyingCA], None]] = {
    "garbage": lambda liar: liar.lies.update(
        {"directory": Reply(200, b"<html>", {"Content-Type": "text/html"})}
    ),
    "error": lambda liar: liar.lies.update({"new-order": Reply(500, problem("serverInternal"))}),
    "limit": lambda liar: liar.lies.update(
        {"new-order": Reply(429, problem("rateLimited"), {"Retry-After": "7200"})}
    ),
    "lie": lambda liar: setattr(liar, "names", ("b.example.com",)),
    "slow": lambda liar: liar.lies.update({"new-order": Reply(200, b"{}", drip=0.5)}),
}


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "slow"])
def test_what_is_stored_is_served_on(tmp_path: Path, liar: LyingCA, fault: str) -> None:
    """Whatever the authority does, a site is served with what it has; the log says what and when.

    Nothing spins: there is one attempt, and the next one is a minute later at least.
    """
    _due(liar)
    site = Site(tmp_path, liar)
    with running(site.config, tmp_path) as server:
        server.wait_for(OBTAINED)
    first = site.stored
    orders = len(liar.payloads("new-order"))
    FAULTS[fault](liar)
    with running(site.config, tmp_path) as server:
        assert site.serial == first
        told = server.wait_for(FAILED)
        assert told["name"] == "a.example.com"
        assert told["error"]
        assert told["served_on_for_seconds"] > 0
        assert told["next_attempt"] > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        assert site.serial == first
        asked = len(liar.seen)
        time.sleep(2)
        assert len(liar.seen) == asked
    assert len(liar.payloads("new-order")) - orders <= 3


def test_a_slow_authority_delays_nobody(tmp_path: Path, liar: LyingCA) -> None:
    """While an authority answers drop by drop, a site is served, and the server stops at once."""
    _due(liar)
    site = Site(tmp_path, liar)
    with running(site.config, tmp_path) as server:
        server.wait_for(OBTAINED)
    first = site.stored
    asked = len(liar.payloads("new-order"))
    FAULTS["slow"](liar)
    with running(site.config, tmp_path) as server:
        _until(lambda: len(liar.payloads("new-order")) > asked, server)
        assert [site.serial for _ in range(20)] == [first] * 20
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 10


def test_an_authority_that_is_down_is_tried_later(tmp_path: Path, liar: LyingCA) -> None:
    """When nobody listens where the authority should be, the log says so, and it is tried later."""
    site = Site(tmp_path, liar)
    url = f"http://127.0.0.1:{free_port()}/directory"
    with running(site.config.replace(liar.directory, url), tmp_path) as server:
        told = server.wait_for(FAILED)
        assert "Connection refused" in told["error"]
        assert told["attempts"] == 1
        assert shake(site.https, "a.example.com").fault
        assert server.stop() == 0


@needs_port_80
def test_an_address_by_caddys_authority(tmp_path: Path) -> None:
    """A site of an address has its certificate from Caddy's `acme_server`, on the usual ports."""
    address = own_address()
    with caddy_ca(tmp_path / "ca") as ca:
        storage = f"storage file_system {tmp_path / 'storage'}"
        issuer = f"issuer acme {ca.directory} {{\n\t\t\ttrusted_roots {ca.root}\n\t\t}}"
        site = f"bind {address}\n\ttls {{\n\t\t{issuer}\n\t}}\n\trespond hello"
        config = f"{{\n\tadmin off\n\tpersist_config off\n\t{storage}\n}}\n"
        config += f"https://{address} {{\n\t{site}\n}}\n"
        with running(config, tmp_path) as server:
            server.wait_for(OBTAINED)
            context = ssl.create_default_context(cafile=ca.root)
            with (
                socket.create_connection((address, 443), 10) as plain,
                context.wrap_socket(plain, server_hostname=address) as encrypted,
            ):
                encrypted.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert encrypted.recv(65_536).startswith(b"HTTP/1.1 200")
