"""Caddy's own authority: `acme_server` of the real Caddy, on loopback.

::

    with caddy_ca(tmp_path) as ca:
        ca.directory, ca.root

It connects to ports 80 and 443 only. An address of its own in 127.0.0.0/8 is a name that can be
proved there, whoever listens on those ports of another address (`own_address`).
"""

from __future__ import annotations

import random
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.caddy import binary
from tests.server import free_port

_START_LIMIT = 20.0


def own_address() -> str:
    """Return an address of this machine that no other test has."""
    return ".".join(["127", *(str(random.randrange(1, 255)) for _ in range(3))])


def _may_listen_on_80() -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((own_address(), 80))
        except OSError:
            return False
    return True


needs_port_80 = pytest.mark.skipif(
    not _may_listen_on_80(), reason="this user may not listen on port 80, or somebody does"
)


@dataclass(frozen=True)
class CaddyCA:
    """A Caddy that runs, with an authority."""

    directory: str
    root: Path
    """Both whom its server is to be believed to be, and whom it issues by."""
    folder: Path
    log: Path


@contextmanager
def caddy_ca(folder: Path, *, options: str = "", **more: str) -> Iterator[CaddyCA]:
    """Run a Caddy whose site is an authority. `options` stand in its `acme_server` block.

    `site` is more for the whole file, beside that site.
    """
    folder.mkdir(exist_ok=True)
    port, plain = free_port(), free_port()
    data = folder / "data"
    (folder / "ca.caddyfile").write_text(
        "{\n"
        "    admin off\n    skip_install_trust\n    persist_config off\n"
        f"    http_port {plain}\n    https_port {port}\n"
        f"    storage file_system {data}\n"
        "}\n"
        f"https://127.0.0.1:{port}, https://localhost:{port} {{\n"
        "    tls internal\n"
        f"    acme_server {{\n        {options}\n    }}\n"
        "}\n"
        f"{more.get('site', '')}\n"
    )
    found = CaddyCA(
        f"https://localhost:{port}/acme/local/directory",
        data / "pki/authorities/local/root.crt",
        folder,
        folder / "caddy.log",
    )
    with found.log.open("w") as log:
        process = subprocess.Popen(
            [binary(), "run", "--config", "ca.caddyfile"],
            cwd=folder,
            env={"PATH": "", "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            end = time.monotonic() + _START_LIMIT
            while not (found.root.exists() and _answers(port)):
                assert process.poll() is None, f"caddy ended: {found.log.read_text()}"
                assert time.monotonic() < end, f"caddy has no authority: {found.log.read_text()}"
                time.sleep(0.02)
            yield found
        finally:
            process.terminate()
            process.wait()


def _answers(port: int) -> bool:
    """Whether Caddy has a certificate for both of its names by now."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name in ("localhost", None):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
                context.wrap_socket(probe, server_hostname=name).close()
        except OSError:
            return False
    return True
