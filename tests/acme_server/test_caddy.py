"""The real Caddy gets its certificates from an ACME server of snake's."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from tests.acme.caddy_ca import caddy_ca, needs_port_80, own_address
from tests.caddy import binary
from tests.server import ROOT, Server, environment, free_ports

PATIENCE = 40.0

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="challenges come to the ports 80 and 443, and names need a hosts file of their own",
)


@contextmanager
def authority(folder: Path, address: str, lines: str = "") -> Iterator[tuple[str, Path]]:
    """Run snake with an ACME server that looks for names of `client.test` at an address.

    Yields the URL of the directory and the file of the root.
    """
    http, https = free_ports(2)
    hosts = "".join(f"{address} {name}.client.test\n" for name in ("http", "tls", "no"))
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{hosts}")
    (folder / "Caddyfile").write_text(
        f"{{\n\tadmin off\n\thttp_port {http}\n\thttps_port {https}\n\tskip_install_trust\n"
        f"\tstorage file_system {folder}/storage\n}}\n"
        f"localhost {{\n\ttls internal\n\tacme_server {{\n{lines}\n}}\n}}\n"
    )
    script = f'mount --bind {folder}/hosts /etc/hosts && exec "$@"'
    process = subprocess.Popen(
        [
            *("unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh"),
            *(sys.executable, "-m", "snake", "run", "--config", "Caddyfile"),
        ],
        cwd=folder,
        env=environment(folder) | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, https, folder)
    try:
        server.wait_for("certificate obtained")
        root = folder / "storage/pki/authorities/local/root.crt"
        yield f"https://localhost:{https}/acme/local/directory", root
    finally:
        server.stop()


@contextmanager
def client(folder: Path, address: str, sites: str) -> Iterator[Path]:
    """Run Caddy for sites at an address; yield its log."""
    folder.mkdir()
    (folder / "client.caddyfile").write_text(
        f"{{\n\tadmin off\n\tskip_install_trust\n\tdefault_bind {address}\n"
        f"\tstorage file_system {folder}/storage\n"
        f"}}\n{sites}"
    )
    log = folder / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [binary(), "run", "--config", "client.caddyfile", "--adapter", "caddyfile"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            stderr=stderr,
        )
        try:
            yield log
        finally:
            process.terminate()
            process.wait(PATIENCE)


def waited(log: Path, message: str) -> list[dict[str, str]]:
    """Wait for a message, and return the records that have it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        lines = [json.loads(line) for line in log.read_text().splitlines() if line[-1:] == "}"]
        found = [line for line in lines if message in line["msg"]]
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def site(name: str, *disabled: str, issuer: str) -> str:
    """Return a site of a Caddyfile whose certificate is got by what is not disabled."""
    lines = "\n".join(disabled)
    return f"{name} {{\n\ttls {{\n\tissuer acme {issuer}{lines}\n}}\n}}\n\trespond hi\n}}\n"


@needs_root
@needs_port_80
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "disabled"),
    [
        ("http.client.test", "disable_tlsalpn_challenge"),
        ("tls.client.test", "disable_http_challenge"),
    ],
)
def test_caddy_gets_a_certificate(tmp_path: Path, name: str, disabled: str) -> None:
    """It makes an account, proves its name by either challenge, and serves what it gets."""
    address = own_address()
    with authority(tmp_path, address) as (directory, root):
        issuer = f"{directory} {{\ntrusted_roots {root}\n"
        sites = site(name, disabled, issuer=issuer)
        with client(tmp_path / "client", address, sites) as log:
            waited(log, "certificate obtained successfully")
        files = list((tmp_path / "client/storage/certificates").rglob("*.crt"))
        verified(root, files[0], name)


@needs_root
@needs_port_80
@pytest.mark.slow
def test_caddy_is_refused_what_is_denied(tmp_path: Path) -> None:
    """A name that the rules deny is not ordered, and Caddy logs why."""
    address = own_address()
    with authority(tmp_path, address, "deny {\ndomains no.client.test\n}") as (directory, root):
        issuer = f"{directory} {{\ntrusted_roots {root}\n"
        sites = site("no.client.test", issuer=issuer)
        with client(tmp_path / "client", address, sites) as log:
            found = waited(log, "could not get certificate from issuer")

    assert "rejectedIdentifier" in found[0]["error"]
    assert "there are no certificates for no.client.test" in found[0]["error"]


def verified(root: Path, chain: Path, name: str) -> None:
    """Have Python's TLS read the files, and check whose they are."""
    ssl.create_default_context(cafile=str(root))
    leaf, intermediate = x509.load_pem_x509_certificates(chain.read_bytes())
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(x509.load_pem_x509_certificate(root.read_bytes()))
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == [name]


REQUESTS = [
    (method, f"acme/local/{resource}")
    for resource in ("directory", "new-nonce", "new-account", "new-order", "revoke-cert", "nothing")
    for method in ("GET", "HEAD", "PUT")
]


@needs_root
@pytest.mark.slow
def test_what_is_not_signed_is_answered_as_by_caddy(tmp_path: Path) -> None:
    """The directory, nonces and what cannot be have the statuses and fields of Caddy's."""
    (tmp_path / "snake").mkdir()
    with caddy_ca(tmp_path / "caddy") as caddy:
        theirs = [_said(caddy.directory, *each) for each in REQUESTS]
    with authority(tmp_path / "snake", own_address()) as (directory, _):
        ours = [_said(directory, *each) for each in REQUESTS]

    assert ours == theirs


def _said(directory: str, method: str, path: str) -> tuple[object, ...]:
    """Return what is answered to a request, but for ports and nonces."""
    base = directory.removesuffix("acme/local/directory")
    answer = httpx.request(method, base + path, verify=False)
    fields = ("allow", "cache-control", "link")
    said = [answer.headers.get(name, "").replace(base, "") for name in fields]
    said[0] = ", ".join(sorted(said[0].split(", ")))  # Caddy says them in an order by chance
    nonce = len(answer.headers.get("replay-nonce", "")) > 20
    keys = sorted(answer.json()) if method == "GET" and answer.status_code == 200 else []
    return method, path, answer.status_code, *said, nonce, keys
