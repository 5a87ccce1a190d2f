"""HTTP/3 is there beside HTTPS, with nothing said about it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import trustme
from aioquic.asyncio import connect
from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.test_https import Site, serving
from tests.server import Server, free_ports, running
from tests.transport.quic.client import Client, head

CHROMIUM = shutil.which("chromium")
BROWSED = Path(__file__).with_name("browsed_app.py")
ECHO = "respond {http.request.proto}\n"
SITES = f"localhost {{\n\t{ECHO}}}\na.localhost {{\n\trespond a\n}}\n"


@asynccontextmanager
async def client(site: Site, name: str = "localhost") -> AsyncIterator[Client]:
    """Connect to a site, whose certificate has to be right."""
    configuration = QuicConfiguration(alpn_protocols=["h3"], server_name=name)
    await asyncio.to_thread(site.serial, name)  # it may still be being obtained
    configuration.load_verify_locations(str(site.root))
    async with connect(
        "127.0.0.1", site.https, configuration=configuration, create_protocol=Client
    ) as made:
        yield cast("Client", made)


async def body(made: Client, site: Site, name: str = "localhost") -> bytes:
    """Return what a site answers."""
    response = await made.request(head("GET", "/", f"{name}:{site.https}"))
    assert response.status == 200
    return response.body


@pytest.mark.slow
async def test_http3_beside_https(tmp_path: Path) -> None:
    """A name is enough: HTTP/3 is advertised, and each site has its own certificate there."""
    with serving(tmp_path, SITES) as site:
        async with client(site) as one, client(site, "a.localhost") as other:
            assert await body(one, site) == b"HTTP/3.0"
            assert await body(other, site, "a.localhost") == b"a"
        with site.connect("localhost") as over_tcp:
            over_tcp.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert f'h3=":{site.https}"'.lower() in over_tcp.recv(65_536).decode().lower()


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["process", "thread"])
async def test_connection_outlives_reloads(tmp_path: Path, runtime: str) -> None:
    """A request that is under way ends well when the configuration is loaded again.

    Its connection is then closed; new ones are taken by the new workers.
    """
    (tmp_path / "main.py").write_text(
        "import asyncio\n"
        "async def app(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    for _ in range(100 if scope['path'] == '/slow' else 1):\n"
        "        await send({'type': 'http.response.body', 'body': b'x', 'more_body': True})\n"
        "        await asyncio.sleep(0.02)\n"
        "    await send({'type': 'http.response.body'})\n"
    )
    sites = (
        "localhost {\n\tpython {\n\t\tmodule_asgi main:app\n\t\tworkers 2\n"
        f"\t\tworkers_runtime {runtime}\n\t}}\n}}\n"
    )
    with serving(tmp_path, sites, "") as site:
        async with client(site) as old:
            at = old.send(head("GET", "/slow", "localhost"))
            await old.until(lambda: old.response(at).body)
            site.server.send(signal.SIGUSR1)
            await asyncio.to_thread(site.server.wait_for, "reloaded the configuration")
            async with client(site) as new:
                assert await body(new, site) == b"x"
            response = await old.answer(at)
            assert (response.ended, response.body) == (True, b"x" * 100)


@pytest.mark.slow
async def test_worker_that_dies(tmp_path: Path) -> None:
    """A client of a worker that was killed is told that its connection is gone, and comes back."""
    with serving(tmp_path, SITES) as site:
        async with client(site) as old:
            assert await body(old, site) == b"HTTP/3.0"
            for pid in site.server.workers():
                os.kill(pid, signal.SIGKILL)
            await asyncio.to_thread(site.serial, "localhost")
            async with client(site) as new:
                assert await body(new, site) == b"HTTP/3.0"


@pytest.mark.slow
def test_protocols_turn_it_off(tmp_path: Path) -> None:
    """`protocols h1 h2` leaves the UDP port alone, and advertises nothing."""
    with serving(tmp_path, SITES, "servers {\n\t\tprotocols h1 h2\n\t}") as site:
        with site.connect("localhost") as over_tcp:
            over_tcp.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"alt-svc" not in over_tcp.recv(65_536).lower()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", site.https))


@pytest.mark.slow
def test_port_that_is_taken(tmp_path: Path) -> None:
    """A UDP port that somebody has is the end of the start, with its name."""
    http, https = free_ports(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", https))
        options = f"{{\n\thttp_port {http}\n\thttps_port {https}\n\tlocal_certs\n"
        text = f"{options}\tskip_install_trust\n}}\n{SITES}"
        with (
            pytest.raises(AssertionError, match=f"cannot listen on udp/:{https}: address already"),
            running(text, tmp_path) as server,
        ):
            assert isinstance(server, Server)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_browser(tmp_path: Path) -> None:
    """A browser speaks HTTP/3 with it: uploads, many at once, what is broken off, events."""
    shutil.copy(BROWSED, tmp_path / "main.py")
    sites = "localhost {\n\tpython {\n\t\tmodule_asgi main:app\n\t\tworkers 2\n\t}\n}\n"
    with serving(tmp_path, sites) as site:
        site.serial("localhost")
        _browse(f"https://localhost:{site.https}/", site.https, _fingerprint(site), tmp_path)
        assert (tmp_path / "report.txt").read_text() == "h3 1000000 true AbortError 3"


def _fingerprint(site: Site) -> str:
    """Return what a browser knows a certificate's key by."""
    with site.connect("localhost") as made:
        der = made.getpeercert(binary_form=True)
    assert der is not None
    key = x509.load_der_x509_certificate(der).public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode()


def _browse(url: str, port: int, spki: str, folder: Path) -> None:
    """Have a browser open a page over QUIC, until it is complete."""
    assert CHROMIUM is not None
    subprocess.run(
        [
            CHROMIUM,
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--enable-quic", f"--origin-to-force-quic-on=localhost:{port}"),
            f"--ignore-certificate-errors-spki-list={spki}",
            f"--user-data-dir={folder / 'chromium'}",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "HOME": str(folder)},
    )


@pytest.mark.slow
async def test_client_certificates_are_not_passed_by(tmp_path: Path) -> None:
    """A site that wants certificates of its clients has no HTTP/3, nor by way of another site."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "clients.pem")
    sites = (
        f"localhost {{\n\trespond open\n}}\nsecret.localhost {{\n\ttls {{\n\t\tclient_auth {{\n"
        f"\t\t\ttrust_pool file {tmp_path}/clients.pem\n\t\t}}\n\t}}\n\trespond secret\n}}\n"
    )
    with serving(tmp_path, sites) as site:
        async with client(site) as made:
            assert await body(made, site) == b"open"
            response = await made.request(head("GET", "/", f"secret.localhost:{site.https}"))
            assert (response.status, response.body) == (421, b"")
        configuration = QuicConfiguration(
            alpn_protocols=["h3"], server_name="secret.localhost", verify_mode=ssl.CERT_NONE
        )
        with pytest.raises(ConnectionError):
            async with connect("127.0.0.1", site.https, configuration=configuration):
                pass


@pytest.mark.slow
async def test_certificate_on_demand(tmp_path: Path) -> None:
    """A handshake over QUIC waits for a certificate that it is the first to ask for."""
    sites = "https:// {\n\ttls internal {\n\t\ton_demand\n\t}\n\trespond {http.request.host}\n}\n"
    with serving(tmp_path, sites) as site:
        configuration = QuicConfiguration(
            alpn_protocols=["h3"], server_name="new.localhost", verify_mode=ssl.CERT_NONE
        )
        async with connect(
            "127.0.0.1", site.https, configuration=configuration, create_protocol=Client
        ) as made:
            client_ = cast("Client", made)
            assert await body(client_, site, "new.localhost") == b"new.localhost"
            names = client_.shown.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            assert names.value.get_values_for_type(x509.DNSName) == ["new.localhost"]
