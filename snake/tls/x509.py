"""X.509: what `cryptography` reads of certificates and keys."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from snake.tls.certificate import Certificate, CertificateError, host_of

_KNOWN = 10_000
"""Certificates that need not be parsed again when a configuration is loaded again."""

_ALGORITHMS = {
    rsa.RSAPublicKey: "rsa",
    ec.EllipticCurvePublicKey: "ecdsa",
    ed25519.Ed25519PublicKey: "ed25519",
    dsa.DSAPublicKey: "dsa",
}


@lru_cache(_KNOWN)
def facts(chain: str, key: str) -> Certificate:
    """Return the certificate in two PEM texts. Raises `CertificateError`."""
    try:
        leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    except (ValueError, IndexError) as error:
        raise CertificateError(f"this is no certificate in PEM: {error}") from None
    try:
        private = serialization.load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateError("this is no private key in PEM, or one with a password") from None
    if _encoded(private.public_key()) != _encoded(leaf.public_key()):
        raise CertificateError("the private key is not that of the certificate")
    return Certificate(
        chain=chain,
        key=key,
        names=names_of(leaf),
        not_before=leaf.not_valid_before_utc.timestamp(),
        not_after=leaf.not_valid_after_utc.timestamp(),
        serial=str(leaf.serial_number),
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        organizations=_texts(leaf.subject, NameOID.ORGANIZATION_NAME),
        algorithm=algorithm_of(leaf.public_key()),
        issuer=(_texts(leaf.issuer, NameOID.COMMON_NAME) or ("",))[0],
    )


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names that a certificate is for, as they are looked up."""
    try:
        extension = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        )
    except (x509.ExtensionNotFound, ValueError):
        return tuple(map(host_of, _texts(certificate.subject, NameOID.COMMON_NAME)))
    found = extension.value
    assert isinstance(found, x509.SubjectAlternativeName)  # noqa: S101  (that is what its ID says)
    return (
        *map(host_of, found.get_values_for_type(x509.DNSName)),
        *map(str, found.get_values_for_type(x509.IPAddress)),
    )


def algorithm_of(key: object) -> str:
    """Return the algorithm of a public key, as policies name it."""
    return next((name for kind, name in _ALGORITHMS.items() if isinstance(key, kind)), "")


def _texts(name: x509.Name, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    return tuple(str(each.value) for each in name.get_attributes_for_oid(oid))


def _encoded(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
