"""Names that are proved in the DNS: Pebble looks in a real BIND, where snake puts the records."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.acme.pebble import Pebble, needs_pebble, pebble
from tests.dns.servers import KEY, SECRET, nameserver
from tests.e2e.handshakes import shake
from tests.proxy.dns_server import dns_server
from tests.server import free_port, running

CADDYFILE = """\
{{
	admin off
	skip_install_trust
	http_port {http}
	https_port PORT
	acme_ca {directory}
	acme_ca_root {root}
	tls_resolvers {resolver}
	acme_dns rfc2136 {{
		server   {dns}
		key_name {key}
		key_alg  hmac-sha256
		key      {{env.TSIG_SECRET}}
	}}
}}
*.a.test {{
	respond "hi {{host}}"
}}
a.test {{
	respond "top"
}}
alias.b.test {{
	respond "alias"
}}
"""
ZONES = {"a.test.": "", "b.test.": "_acme-challenge.alias IN CNAME elsewhere"}


def caddyfile(ca: Pebble, dns: str, resolver: str) -> str:
    """Return a Caddyfile whose records go to one DNS server, and are looked for at another."""
    return CADDYFILE.format(
        http=free_port(),
        directory=ca.directory,
        root=ca.root,
        dns=dns,
        resolver=resolver,
        key=KEY,
    )


@needs_pebble
@pytest.mark.slow
def test_wildcard_is_proved_in_the_dns(tmp_path: Path) -> None:
    """A wildcard, its domain and an alias are proved at once, and no record stays."""
    folder = tmp_path / "dns"
    folder.mkdir()
    with (
        nameserver("bind", folder, ZONES) as dns,
        pebble(tmp_path / "ca", dns_port=dns.port) as ca,
    ):
        text = caddyfile(ca, dns.place, dns.place)
        with running(text, tmp_path, env={"TSIG_SECRET": SECRET}) as server:
            server.wait_for("certificate obtained", limit=50, count=3)
            (tmp_path / "root.pem").write_text(ca.roots())
            found = {
                name: shake(server.port, name, root=tmp_path / "root.pem")
                for name in ("www.a.test", "x.a.test", "a.test", "alias.b.test")
            }
            left = [dns.texts("_acme-challenge.a.test"), dns.texts("elsewhere.b.test")]
            log = server.log

    assert {name: each.body or each.fault for name, each in found.items()} == {
        "www.a.test": "hi www.a.test",
        "x.a.test": "hi x.a.test",
        "a.test": "top",
        "alias.b.test": "alias",
    }
    assert found["www.a.test"].names == ["*.a.test"]
    assert left == [set(), set()]
    assert SECRET not in log


@needs_pebble
@pytest.mark.slow
def test_no_record_stays_when_the_server_stops(tmp_path: Path) -> None:
    """A server that stops while it waits for a record to be seen takes it back first."""
    folder = tmp_path / "dns"
    folder.mkdir()
    soa = {(zone, "SOA"): [f"ns.{zone} x.{zone} 1 1 1 1 1"] for zone in ZONES}
    with (
        nameserver("bind", folder, ZONES) as dns,
        dns_server(soa) as blind,
        pebble(tmp_path / "ca", dns_port=dns.port) as ca,
    ):
        text = caddyfile(ca, dns.place, f"127.0.0.1:{blind.port}")
        with running(text, tmp_path, env={"TSIG_SECRET": SECRET}) as server:
            until = time.monotonic() + 30
            while len(dns.texts("_acme-challenge.a.test")) < 2 and time.monotonic() < until:
                time.sleep(0.1)
            assert len(dns.texts("_acme-challenge.a.test")) == 2
            assert server.stop() == 0

        assert dns.texts("_acme-challenge.a.test") == set()
