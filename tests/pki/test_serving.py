"""A server with `tls internal`, and clients that know of it by the trust stores alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from snake.pki.trust.tool import run
from tests.pki.machine import Machine
from tests.pki.site import chromium

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
