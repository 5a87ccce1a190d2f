"""Sites with names have HTTPS, with nothing said about it."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from tests.server import Server, free_ports, running

OPTIONS = """{{
	http_port {http}
	https_port {https}
	skip_install_trust
	local_certs
	grace_period 2s
	{more}
}}
"""


class Site:
    """A running server, and its ports."""

    def __init__(self, server: Server, https: int, folder: Path) -> None:
        self.server = server
        self.https = https
        self.folder = folder

    @property
    def root(self) -> Path:
        """The file with the root of the server's own authority."""
        return self.folder / "xdg-data/caddy/pki/authorities/local/root.crt"

    def connect(self, name: str, *, trust: bool = True) -> ssl.SSLSocket:
        """Return a connection to a site, by HTTP/1.1."""
        context = ssl.create_default_context(cafile=str(self.root) if trust else None)
        raw = socket.create_connection(("127.0.0.1", self.https), timeout=20)
        return context.wrap_socket(raw, server_hostname=name)

    def serial(self, name: str) -> int:
        """Return the serial number of a site's certificate."""
        with self.connect(name) as client:
            der = client.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der).serial_number


def ask(client: ssl.SSLSocket, name: str) -> str:
    """Return the body that a site answers on a connection, which stays open."""
    client.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    fields = head.decode().lower().split("\r\n")
    length = next(int(line[15:]) for line in fields if line.startswith("content-length:"))
    while len(body) < length:
        body += client.recv(65_536)
    return body.decode()


@contextmanager
def serving(folder: Path, sites: str, more: str = "", *args: str) -> Iterator[Site]:
    """Run sites with certificates of the server's own."""
    http, https = free_ports(2)
    config = OPTIONS.format(http=http, https=https, more=more) + sites
    with running(config, folder, *args) as server:
        yield Site(server, https, folder)


@pytest.mark.slow
def test_site_with_a_name_has_a_certificate(tmp_path: Path) -> None:
    """A name is enough: whoever trusts the authority is served, the others are not."""
    with serving(tmp_path, 'localhost {\n\trespond "{scheme} {tls_version}"\n}\n') as site:
        with site.connect("localhost") as client:
            assert ask(client, "localhost") == "https tls1.3"
        with pytest.raises(ssl.SSLCertVerificationError):
            site.connect("localhost", trust=False)
        with pytest.raises(ssl.SSLError, match=r"(?i)internal.error"):
            site.connect("unknown.localhost")


@pytest.mark.slow
def test_certificates_outlive_the_server(tmp_path: Path) -> None:
    """What was obtained is served after a start, keys are nobody else's, and no log has one."""
    serials = []
    for _ in range(2):
        with serving(tmp_path, "localhost {\n\trespond x\n}\n") as site:
            serials.append(site.serial("localhost"))
        assert "PRIVATE KEY" not in site.server.log
    assert len(set(serials)) == 1
    data = tmp_path / "xdg-data/caddy"
    modes = {path: path.stat().st_mode & 0o777 for path in (data, *data.rglob("*"))}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["process", "thread"])
def test_worker_that_follows_has_the_certificates(tmp_path: Path, runtime: str) -> None:
    """A worker that is killed is followed by one that serves the same certificates."""
    (tmp_path / "main.py").write_text(
        "async def app(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200,\n"
        "                'headers': [(b'content-length', b'5')]})\n"
        "    await send({'type': 'http.response.body', 'body': scope['scheme'].encode()})\n"
    )
    sites = (
        "localhost {\n\tpython {\n\t\tmodule_asgi main:app\n\t\tworkers 2\n"
        f"\t\tworkers_runtime {runtime}\n\t}}\n}}\n"
    )
    with serving(tmp_path, sites) as site:
        before = site.serial("localhost")
        killed = site.server.workers()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        site.server.wait_for("worker started", count=len(killed))
        assert site.serial("localhost") == before
        for _ in range(8):
            with site.connect("localhost") as client:
                assert ask(client, "localhost") == "https"


@pytest.mark.slow
def test_renewal_drops_no_connection(tmp_path: Path) -> None:
    """A new certificate is for new connections; one that is open goes on."""
    issuer = "issuer internal {\n\t\t\tlifetime 40s\n\t\t}"
    tls = f"tls {{\n\t\t{issuer}\n\t\trenewal_window_ratio 0.9\n\t}}"
    sites = f"localhost {{\n\t{tls}\n\trespond {{http.request.uuid}}\n}}\n"
    with serving(tmp_path, sites) as site, site.connect("localhost") as client:
        assert ask(client, "localhost")
        first = site.serial("localhost")
        site.server.wait_for("certificate renewed")
        end = time.monotonic() + 10
        while site.serial("localhost") == first and time.monotonic() < end:
            time.sleep(0.05)
        assert site.serial("localhost") != first
        assert ask(client, "localhost")


@pytest.mark.slow
def test_reload_brings_new_sites(tmp_path: Path) -> None:
    """A site that a reload brings has its certificate; the others keep theirs."""
    with serving(tmp_path, "a.localhost {\n\trespond a\n}\n") as site:
        first = site.serial("a.localhost")
        file = tmp_path / "Caddyfile"
        file.write_text(file.read_text() + "b.localhost {\n\trespond b\n}\n")
        site.server.send(signal.SIGUSR1)
        site.server.wait_for("reloaded the configuration")
        with site.connect("b.localhost") as client:
            assert ask(client, "b.localhost") == "b"
        assert site.serial("a.localhost") == first


@pytest.mark.slow
def test_client_waits_for_what_is_being_obtained(tmp_path: Path) -> None:
    """Whoever comes before a certificate is there gets it a little later, and no error."""
    names = [f"s{number}.localhost" for number in range(60)]
    with serving(tmp_path, f"{', '.join(names)} {{\n\trespond {{host}}\n}}\n") as site:
        with site.connect(names[-1]) as client:
            assert ask(client, names[-1]) == names[-1]
        with site.connect(names[0]) as client:
            assert ask(client, names[0]) == names[0]


@pytest.mark.slow
def test_proxy_shows_a_managed_certificate(tmp_path: Path) -> None:
    """`tls_client_auth` with a name: the certificate is obtained, and an upstream believes it."""
    http, https = free_ports(2)
    sites = f"""
a.localhost {{
	tls {{
		client_auth {{
			mode require_and_verify
			trust_pool pki_root local
		}}
	}}
	respond "for {{http.request.tls.client.san.dns_names.0}}"
}}
b.localhost {{
	reverse_proxy https://127.0.0.1:{https} {{
		header_up Host a.localhost
		transport http {{
			tls_client_auth proxy.localhost
			tls_server_name a.localhost
			tls_trust_pool pki_root local
		}}
	}}
}}
"""
    config = OPTIONS.format(http=http, https=https, more="") + sites
    with running(config, tmp_path) as server:
        site = Site(server, https, tmp_path)
        server.wait_for("certificate obtained", count=3)
        with site.connect("b.localhost") as client:
            assert ask(client, "b.localhost") == "for proxy.localhost"
        with site.connect("a.localhost") as client, pytest.raises(ssl.SSLError):
            ask(client, "a.localhost")
