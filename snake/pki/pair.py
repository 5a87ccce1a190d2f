"""Pair: a certificate, what is above it, and its private key; from PEM and to PEM."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from snake.core.errors import SnakeError
from snake.core.folder import START

Key = CertificateIssuerPrivateKeyTypes

_SIGNING = (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)
_LARGEST = 1 << 20
"""Bytes of a file of certificates that is read; one has about a thousand."""


class PairError(SnakeError):
    """What should be the certificate or the key of an authority is not."""


class Pair:
    """A certificate with its chain; and its key, where that is known. It never changes."""

    __slots__ = ("chain", "key")

    def __init__(self, chain: tuple[x509.Certificate, ...], key: Key | None) -> None:
        """Keep both. Raises `PairError` if the key is that of another certificate."""
        self.chain = chain
        self.key = key
        if key is not None and _public(key.public_key()) != _public(self.certificate.public_key()):
            raise PairError("the private key is not that of the certificate")

    @property
    def certificate(self) -> x509.Certificate:
        """The first of the chain: the one that signs."""
        return self.chain[0]

    @property
    def begins(self) -> float:
        """When it became valid, in seconds since the epoch."""
        return self.certificate.not_valid_before_utc.timestamp()

    @property
    def ends(self) -> float:
        """When it is no longer valid, in seconds since the epoch."""
        return self.certificate.not_valid_after_utc.timestamp()

    def ages(self, ratio: float) -> float:
        """Return when less than `ratio` of its lifetime is left."""
        return self.ends - ratio * (self.ends - self.begins)

    def signed_by(self, other: Pair) -> bool:
        """Whether another one's key has signed this certificate."""
        try:
            self.certificate.verify_directly_issued_by(other.certificate)
        except Exception:  # noqa: BLE001  (each kind of key has its own errors for: it has not)
            return False
        return True

    @classmethod
    def read(cls, certificates: bytes, key: bytes | None) -> Pair:
        """Return the pair in PEM texts. Raises `PairError`."""
        return cls(_certificates(certificates), None if key is None else _key(key))

    @classmethod
    def read_files(cls, certificate: str, key: str) -> Pair:
        """Return the pair in PEM files; `key` may be empty. Raises `PairError`."""
        found = _file(certificate)
        try:
            return cls.read(found, _file(key) if key else None)
        except PairError as error:
            raise PairError(f"{certificate}{f', {key}' if key else ''}: {error}") from None


def to_pem(*certificates: x509.Certificate) -> str:
    """Return certificates as text, as Caddy writes them."""
    encoding = serialization.Encoding.PEM
    return "".join(each.public_bytes(encoding).decode() for each in certificates)


def key_to_pem(key: Key) -> bytes:
    """Return a key as text: `EC PRIVATE KEY`, which is the form in which Caddy keeps them."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _certificates(text: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(text))
    except ValueError:
        raise PairError("no certificate in PEM") from None


def _key(text: bytes) -> Key:
    try:
        found = serialization.load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # What the library says may have parts of the key in it.
        raise PairError("no private key in PEM, or one with a password") from None
    if not isinstance(found, _SIGNING):
        raise PairError("the private key is none of EC, RSA and Ed25519")
    return cast("Key", found)


def _file(name: str) -> bytes:
    try:
        with Path(START.path(name)).open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise PairError(f"cannot read {name}: {(error.strerror or str(error)).lower()}") from None


def _public(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
