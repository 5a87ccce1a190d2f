"""Names that are proved in the DNS: Pebble looks in a real BIND, where snake puts the records."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acme.pebble import needs_pebble, pebble
from tests.dns.servers import KEY, SECRET, nameserver
from tests.e2e.handshakes import shake
from tests.server import free_port, running

CADDYFILE = """\
{{
	admin off
	skip_install_trust
	http_port {http}
	https_port PORT
	acme_ca {directory}
	acme_ca_root {root}
	tls_resolvers {dns}
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
        text = CADDYFILE.format(
            http=free_port(), directory=ca.directory, root=ca.root, dns=dns.place, key=KEY
        )
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
