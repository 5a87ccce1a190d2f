"""PeerCertificate: what a client's certificate says, written as Caddy writes it.

The client is not believed: what cannot be read is absent, and one that cannot be read at all is
none. Whether the certificate was verified is for others to know.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from ssl import DER_cert_to_PEM_cert

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from snake.core.record import Record
from snake.tls.distinguished_name import distinguished_name

_REMEMBERED = 256
"""Certificates of which the facts are kept: clients come back, each with many requests."""


class PeerCertificate(Record):
    """The facts of a client's certificate. The fields are named as Caddy's placeholders are."""

    fingerprint: str
    """SHA-256 of the whole, in hexadecimal."""
    subject: str
    issuer: str
    serial: str
    """In decimal."""
    certificate_pem: str
    certificate_der_base64: str
    public_key: str = ""
    """In hexadecimal; empty for a kind that Caddy does not know."""
    public_key_sha256: str = ""
    common_name: str = ""
    dns_names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()

    @staticmethod
    def of(der: bytes) -> PeerCertificate | None:
        """Return what a certificate in DER says; `None` if it is no certificate."""
        return _read(der)


@lru_cache(maxsize=_REMEMBERED)
def _read(der: bytes) -> PeerCertificate | None:
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer = certificate.subject, certificate.issuer
        serial = certificate.serial_number
    except (ValueError, TypeError):
        return None
    key = _public_key(certificate)
    common = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return PeerCertificate(
        fingerprint=hashlib.sha256(der).hexdigest(),
        subject=distinguished_name(subject),
        issuer=distinguished_name(issuer),
        serial=str(serial),
        certificate_pem=DER_cert_to_PEM_cert(der),
        certificate_der_base64=base64.b64encode(der).decode(),
        public_key=key.hex(),
        public_key_sha256=hashlib.sha256(key).hexdigest() if key else "",
        common_name=str(common[-1].value) if common else "",
        **_names(certificate),
    )


def _names(certificate: x509.Certificate) -> dict[str, tuple[str, ...]]:
    """Return its other names by kind; none of an extension that cannot be read."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return {}
    return {
        "dns_names": tuple(names.get_values_for_type(x509.DNSName)),
        "emails": tuple(names.get_values_for_type(x509.RFC822Name)),
        "ips": tuple(map(str, names.get_values_for_type(x509.IPAddress))),
        "uris": tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
    }


def _public_key(certificate: x509.Certificate) -> bytes:
    """Return the key as Caddy encodes it: a point, a modulus and exponent, or its bytes."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return b""
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b""
