"""Signing: private keys, and the requests that are signed with them (RFC 2986)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

KEY_TYPES: dict[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsa2048": lambda: rsa.generate_private_key(65_537, 2048),
    "rsa4096": lambda: rsa.generate_private_key(65_537, 4096),
}
"""What makes a key of each type; the names are Caddy's."""
DEFAULT_KEY_TYPE = "p256"


def new_key(type: str = "") -> str:
    """Return a new private key of a type, as PEM."""
    key = KEY_TYPES[type or DEFAULT_KEY_TYPE]()
    # As Go writes keys: each kind in its own form.
    form = (
        serialization.PrivateFormat.PKCS8
        if isinstance(key, ed25519.Ed25519PrivateKey)
        else serialization.PrivateFormat.TraditionalOpenSSL
    )
    return key.private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    ).decode()


def signing_request(names: Iterable[str], key: str) -> bytes:
    """Return the signing request for names, as DER; `key` is PEM."""
    private = serialization.load_pem_private_key(key.encode(), None)
    assert isinstance(  # noqa: S101  (made here, or read as the key of a certificate)
        private,
        ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey,
    )
    digest = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(
        x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
    )
    return builder.sign(private, digest).public_bytes(serialization.Encoding.DER)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(_ascii(name))


def _ascii(name: str) -> str:
    """Return a name as DNS has it (IDNA, RFC 5890)."""
    if name.isascii():
        return name
    import idna  # noqa: PLC0415  (few names need it)

    return idna.encode(name, uts46=True).decode()
