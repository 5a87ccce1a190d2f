"""Pebble: the authority that Let's Encrypt tests clients with, and the DNS that it asks.

::

    with pebble(tmp_path) as ca:
        ca.directory, ca.root, ca.http_port, ca.tls_port

Every name leads to 127.0.0.1; Pebble connects to `http_port` and `tls_port` there. It rejects some
nonces, and validates for real. A newer Pebble than Debian's, which has profiles and ARI, is used
where the variable `PEBBLE` names it.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.server import free_port

PROGRAM = os.environ.get("PEBBLE") or shutil.which("pebble")
DNS_PROGRAM = shutil.which("pebble-challtestsrv")
_START_LIMIT = 20.0

needs_pebble = pytest.mark.skipif(
    PROGRAM is None or DNS_PROGRAM is None, reason="pebble is not installed (Debian: pebble)"
)
needs_new_pebble = pytest.mark.skipif(
    "PEBBLE" not in os.environ or DNS_PROGRAM is None,
    reason="PEBBLE names no newer Pebble, which has profiles and ARI",
)

KEY_ID = "kid-1"
MAC_KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
"""An external account, where one is needed."""


@dataclass(frozen=True)
class Pebble:
    """A Pebble that runs."""

    directory: str
    root: Path
    """Whom its own server is to be believed to be."""
    http_port: int
    """Where it connects to for HTTP-01."""
    tls_port: int
    management: str
    dns_management: str
    dns_port: int
    log: Path

    def roots(self, index: int = 0) -> str:
        """Return the root that it issues by, as PEM."""
        return self._get(f"{self.management}/roots/{index}").decode()

    def status(self, serial: int) -> dict[str, Any]:
        """Return what it knows of a certificate."""
        found: dict[str, Any] = json.loads(
            self._get(f"{self.management}/cert-status-by-serial/{serial:x}")
        )
        return found

    def tell_dns(self, path: str, **fields: Any) -> None:
        """Change what the DNS says, such as `add-a` or `set-servfail`."""
        data = json.dumps(fields).encode()
        with urllib.request.urlopen(f"{self.dns_management}/{path}", data, timeout=5):
            pass

    def _get(self, url: str) -> bytes:
        context = ssl.create_default_context(cafile=self.root)
        with urllib.request.urlopen(url, timeout=5, context=context) as answer:
            body: bytes = answer.read()
        return body


@contextmanager
def pebble(
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    http_port: int | None = None,
    tls_port: int | None = None,
    dns_port: int | None = None,
    **config: Any,
) -> Iterator[Pebble]:
    """Run a Pebble. `env` switches its faults, `config` is more of its configuration.

    With `dns_port` it asks another DNS server on this machine.
    """
    folder.mkdir(exist_ok=True)
    ca = trustme.CA()
    leaf = ca.issue_cert("localhost", "127.0.0.1")
    ca.cert_pem.write_to_path(folder / "root.pem")
    leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    listen, manage, dns, dns_manage = (free_port() for _ in range(4))
    found = Pebble(
        f"https://127.0.0.1:{listen}/dir",
        folder / "root.pem",
        http_port or free_port(),
        tls_port or free_port(),
        f"https://127.0.0.1:{manage}",
        f"http://127.0.0.1:{dns_manage}",
        dns_port or dns,
        folder / "pebble.log",
    )
    settings = {
        "listenAddress": f"127.0.0.1:{listen}",
        "managementListenAddress": f"127.0.0.1:{manage}",
        "certificate": str(folder / "cert.pem"),
        "privateKey": str(folder / "key.pem"),
        "httpPort": found.http_port,
        "tlsPort": found.tls_port,
        "externalAccountBindingRequired": False,
        **config,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
    assert PROGRAM is not None
    assert DNS_PROGRAM is not None
    names = [
        *(DNS_PROGRAM, "-dns01", f"127.0.0.1:{dns}", "-management", f"127.0.0.1:{dns_manage}"),
        *("-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""),
    ]
    server = [
        PROGRAM,
        "-config",
        str(folder / "pebble.json"),
        "-dnsserver",
        f"127.0.0.1:{found.dns_port}",
    ]
    with ExitStack() as stack:
        log = stack.enter_context(found.log.open("w"))
        stack.enter_context(_running(names, log, dns_manage, {}))
        faults = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "30", **(env or {})}
        stack.enter_context(_running(server, log, listen, faults))
        yield found


def with_external_accounts() -> dict[str, Any]:
    """Return the configuration of a Pebble that wants to know its accounts before."""
    return {
        "externalAccountBindingRequired": True,
        "externalAccountMACKeys": {KEY_ID: MAC_KEY},
    }


@contextmanager
def _running(command: list[str], log: Any, port: int, env: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **env}
    )
    try:
        end = time.monotonic() + _START_LIMIT
        while not _listens(port):
            assert process.poll() is None, f"{command[0]} ended; see {log.name}"
            assert time.monotonic() < end, f"{command[0]} does not listen"
            time.sleep(0.02)
        yield
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
