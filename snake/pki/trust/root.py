"""Root: a certificate that is to be trusted, in the forms in which stores want it."""

from __future__ import annotations

import base64
import hashlib
import re

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from snake.core.errors import SnakeError
from snake.core.record import Record

_NO_NAME = "Truststore Development CA"
_NOT_IN_FILES = re.compile(r"[\s/\\:\x00-\x1f]")
_ANY_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class Root(Record):
    """A certificate with the name that stores have it under: the one by which Caddy finds it."""

    der: bytes
    pem: str
    common_name: str
    serial: int

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Root:
        """Return the root of a certificate."""
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return cls(
            der=certificate.public_bytes(Encoding.DER),
            pem=certificate.public_bytes(Encoding.PEM).decode(),
            common_name=str(names[0].value) if names else "",
            serial=certificate.serial_number,
        )

    @classmethod
    def read(cls, data: bytes) -> Root:
        """Return the first certificate in a file, PEM or DER. Raises `SnakeError`."""
        try:
            if b"-----BEGIN" in data:
                return cls.of(x509.load_pem_x509_certificates(data)[0])
            return cls.of(x509.load_der_x509_certificate(data))
        except ValueError:
            raise SnakeError("no certificate in PEM or DER") from None

    @property
    def name(self) -> str:
        """What a store calls it."""
        return f"{self.common_name or _NO_NAME} {self.serial}"

    @property
    def file_name(self) -> str:
        """Its name without an ending, for a file."""
        return _NOT_IN_FILES.sub("_", self.name)

    @property
    def sha256(self) -> str:
        """Its fingerprint, in capital hexadecimal."""
        return hashlib.sha256(self.der).hexdigest().upper()

    @property
    def sha1(self) -> str:
        """Its old fingerprint, likewise: Windows and Java before 9 know a certificate by it."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()

    def is_in(self, pem: bytes) -> bool:
        """Whether this is one of the certificates in a text."""
        wanted = base64.b64encode(self.der)
        return any(b"".join(block.split()) == wanted for block in _ANY_BLOCK.findall(pem))
