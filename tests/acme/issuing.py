"""Issuing: an ACME issuer as a supervisor has it, without the supervisor."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from snake.acme.dealings import Dealings
from snake.acme.issuer import ACMEIssuer
from snake.acme.names import is_ip
from snake.acme.ports import Ports
from snake.core.modules import Context, Registry
from snake.standard import MODULES
from snake.storage.folder import FileStorage
from snake.storage.storage import Storage
from snake.tls.certificate import Certificate
from snake.tls.challenge import Desk
from snake.tls.issuer import Issued, Request
from tests.acme.caddy_ca import CaddyCA
from tests.acme.pebble import Pebble


class Host:
    """What a supervisor offers to issuers."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.storage = FileStorage(folder / "storage")
        self.folder = folder / "storage"
        self.desk = Desk()
        self.dealings = Dealings.here()
        self.services: dict[type[Any], Any] = {
            Storage: self.storage,
            Desk: self.desk,
            Ports: ports,
        }

    @asynccontextmanager
    async def issuer(self, **fields: Any) -> AsyncIterator[ACMEIssuer]:
        """Provision the issuer with these fields of its JSON."""
        raw = msgspec.Raw(json.dumps({"module": "acme", **fields}).encode())
        async with AsyncExitStack() as stack:
            ctx = Context(Registry(MODULES), stack, self.services)
            yield await ctx.load(raw, namespace="tls.issuance", key="module")


def host(folder: Path, ca: Pebble) -> Host:
    """Return a host on the ports that a Pebble connects to."""
    return Host(folder, Ports(ca.http_port, ca.tls_port))


def fields(ca: Pebble | CaddyCA, **more: Any) -> dict[str, Any]:
    """Return the JSON of an issuer that has its certificates from an authority."""
    return {"ca": ca.directory, "trusted_roots_pem_files": [str(ca.root)], **more}


class Asked:
    """A signing request with its key."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateSigningRequestBuilder(x509.Name([])).add_extension(
            x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
        )
        signed = builder.sign(self._key, hashes.SHA256())
        self.csr = signed.public_bytes(serialization.Encoding.DER)
        self.key = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def request(self, *, attempt: int = 0, renews: Certificate | None = None) -> Request:
        """Return the request for an issuer."""
        return Request(self.names, self.csr, attempt, renews)

    def certificate(self, issued: Issued, issuer_key: str = "") -> Certificate:
        """Return the certificate that was issued. Raises if it is not for this key."""
        return Certificate.read(issued.chain, self.key, issuer_key=issuer_key)


def _general(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(name)) if is_ip(name) else x509.DNSName(name)
