"""TLS-ALPN-01: a name is proved by a certificate in a handshake (RFC 8737, RFC 8738)."""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from snake.acme.names import from_arpa
from snake.tls.certificate import Certificate
from snake.tls.challenge import Challenge

_ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
_DER_OCTETS = b"\x04\x20"
"""How an octet string of 32 bytes begins in DER."""
_LIVES = timedelta(days=7)


def challenge_certificate(challenge: Challenge) -> Certificate:
    """Return the certificate that answers a challenge.

    It is for a handshake in which `acme-tls/1` is the one protocol, and for nothing else: it says
    so itself, by an extension that only an authority understands.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ACME challenge")])
    address = from_arpa(challenge.name)
    subject: x509.GeneralName = (
        x509.IPAddress(ipaddress.ip_address(address))
        if address is not None
        else x509.DNSName(challenge.name)
    )
    digest = hashlib.sha256(challenge.key_authorization.encode()).digest()
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIVES)
        .add_extension(x509.SubjectAlternativeName([subject]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.UnrecognizedExtension(_ACME_IDENTIFIER, _DER_OCTETS + digest), critical=True
        )
        .sign(key, hashes.SHA256())
    )
    return Certificate.read(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )
