"""Credentials: a certificate and its key, as aioquic takes them."""

from __future__ import annotations

from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from snake.tls.certificate import Certificate

_MOST_KEPT = 1024


class Credentials(NamedTuple):
    """What a server shows, and what it signs with."""

    leaf: x509.Certificate
    chain: list[x509.Certificate]
    key: PrivateKeyTypes


class Safe:
    """Keeps what was read of certificates that are in use."""

    def __init__(self) -> None:
        self._kept: dict[str, Credentials] = {}

    def of(self, certificate: Certificate) -> Credentials:
        """Return a certificate's credentials. Raises `ValueError`."""
        kept = self._kept.get(certificate.fingerprint)
        if kept is None:
            leaf, *chain = x509.load_pem_x509_certificates(certificate.chain.encode())
            key = load_pem_private_key(certificate.key.encode(), None)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            kept = self._kept[certificate.fingerprint] = Credentials(leaf, chain, key)
        return kept
