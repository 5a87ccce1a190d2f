"""Certificates by APIs on the internet, as they are played here: ZeroSSL's, and Cloudflare's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.acme.pebble import needs_pebble, pebble
from tests.dns.cloudflare_server import TOKEN, Cloudflare
from tests.e2e.handshakes import shake
from tests.e2e.public_api import in_background, public_api
from tests.issuers.zerossl_server import KEY, ZeroSSL
from tests.pki.requests import provisioned
from tests.proxy.dns_server import dns_server
from tests.server import free_port, running

OPTIONS = """\
	admin off
	skip_install_trust
	http_port {http}
	https_port PORT
"""


@pytest.mark.slow
def test_zerossl_finds_its_file_at_a_worker(tmp_path: Path) -> None:
    """ZeroSSL's API asks the server for a file, which a worker answers, and issues."""
    http = free_port()

    @asynccontextmanager
    async def played() -> AsyncIterator[tuple[ZeroSSL, dict[str, str]]]:
        authority = await (await provisioned(tmp_path / "ca")).get()
        zerossl = ZeroSSL(authority, http)
        async with public_api("api.zerossl.com", zerossl.answer, tmp_path) as env:
            yield zerossl, env

    site = "a.test {\n\ttls {\n\t\tissuer zerossl {env.ZEROSSL_KEY}\n\t}\n\trespond hi\n}\n"
    text = f"{{\n{OPTIONS.format(http=http)}}}\n{site}"
    with (
        in_background(played()) as (zerossl, env),
        running(text, tmp_path, env={**env, "ZEROSSL_KEY": KEY}) as server,
    ):
        obtained = server.wait_for("certificate obtained", limit=40)
        answered = server.wait_for("answered the challenge pki-validation")
        found = shake(server.port, "a.test")
        log = server.log

    assert obtained["issuer"] == "zerossl"
    assert (found.names, found.body) == (["a.test"], "hi")
    assert answered["name"] == "a.test"
    assert zerossl.status == "issued"
    assert KEY not in log


@needs_pebble
@pytest.mark.slow
def test_cloudflare_has_the_records(tmp_path: Path) -> None:
    """A wildcard is proved by a record at Cloudflare, which is gone afterwards."""
    soa = {("a.test.", "SOA"): ["ns.a.test. x.a.test. 1 1 1 1 1"]}
    with dns_server(soa) as dns:

        class Published(Cloudflare):
            """Has its records in the DNS."""

            async def answer(self, head: str, writer: asyncio.StreamWriter, body: bytes) -> None:
                await super().answer(head, writer, body)
                texts = [each["content"] for each in self.records]
                dns.zone[("_acme-challenge.a.test.", "TXT")] = texts

        cloudflare = Published()
        site = "*.a.test {\n\ttls {\n\t\tdns cloudflare {env.CF_API_TOKEN}\n\t}\n\trespond hi\n}\n"
        with (
            pebble(tmp_path / "acme", dns_port=dns.port) as ca,
            in_background(public_api("api.cloudflare.com", cloudflare.answer, tmp_path)) as env,
        ):
            more = f"\tacme_ca {ca.directory}\n\tacme_ca_root {ca.root}\n"
            more += f"\ttls_resolvers 127.0.0.1:{dns.port}\n"
            text = f"{{\n{OPTIONS.format(http=free_port())}{more}}}\n{site}"
            with running(text, tmp_path, env={**env, "CF_API_TOKEN": TOKEN}) as server:
                server.wait_for("certificate obtained", limit=40)
                (tmp_path / "root.pem").write_text(ca.roots())
                found = shake(server.port, "www.a.test", root=tmp_path / "root.pem")
                log = server.log

    assert found.body == "hi", found.fault
    assert cloudflare.records == []
    assert [request.split(" ")[0] for request in cloudflare.requests] == [
        *("GET", "POST", "GET", "DELETE")
    ]
    assert TOKEN not in log
