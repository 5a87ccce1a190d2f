"""A server with `tls internal`, and clients that know of it by the trust stores alone."""

from __future__ import annotations

import shutil
import ssl
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from snake.pki.trust.tool import run
from tests.pki.machine import Machine
from tests.pki.requests import pem_of, private_key, provisioned, request
from tests.pki.site import chromium
from tests.server import running

CONFIG = """{
	admin off
	storage file_system storage
	https_port PORT
	auto_https disable_redirects
}
localhost:PORT {
	tls internal
	respond "hello from a trusted site"
}
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("certutil") and shutil.which("chromium")),
    reason="no certutil or chromium: apt install libnss3-tools chromium",
)
def test_curl_and_chromium_accept_the_site_at_once(machine: Machine, tmp_path: Path) -> None:
    """A server that may do so has the machine trust its root while it starts."""
    database = tmp_path / "home/.pki/nssdb"
    database.mkdir(parents=True)
    run(("certutil", "-N", "-d", f"sql:{database}", "--empty-password"))
    home = {"HOME": str(tmp_path / "home")}

    with machine.serving(tmp_path, CONFIG, **home) as server:
        told = server.wait_for("root certificate installed in trust stores")
        url = f"https://localhost:{server.port}/"
        by_curl = machine.curl(url)
        by_chromium = chromium(url, tmp_path / "profile", home)

    assert "Debian: added" in told["stores"]
    assert str(database) in told["stores"]
    assert by_curl == "hello from a trusted site"
    assert "hello from a trusted site" in by_chromium


CLIENTS = """{
	admin off
	storage file_system storage
	https_port PORT
	auto_https disable_redirects
}
localhost:PORT {
	tls internal {
		client_auth {
			mode require_and_verify
			trust_pool POOL {
				authority local
			}
		}
	}
	respond "hello {tls_client_issuer}"
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("pool", ["pki_root", "pki_intermediate"])
async def test_clients_may_have_certificates_of_our_own(tmp_path: Path, pool: str) -> None:
    """A site may ask for client certificates, and believe those of its own authority alone."""
    key = private_key()
    with running(CLIENTS.replace("POOL", pool), tmp_path) as server:
        server.wait_for("certificate obtained")
        authority = await (await provisioned(tmp_path / "storage")).get()
        other = await (await provisioned(tmp_path / "other")).get()
        answers = []
        for issuer in (authority, other):
            chain = await issuer.issue(request("client.test", key=key), lifetime=60)
            (tmp_path / "client.pem").write_bytes(chain.encode() + pem_of(key))
            context = ssl.create_default_context(cadata=authority.root_pem)
            context.load_cert_chain(tmp_path / "client.pem")
            async with httpx.AsyncClient(verify=context) as client:
                with suppress(httpx.HTTPError, ssl.SSLError):
                    answers.append((await client.get(f"https://localhost:{server.port}")).text)

    assert answers == [f"hello {authority.intermediate.subject.rfc4514_string()}"]
