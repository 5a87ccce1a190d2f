"""Chain: the certificates that an authority answers with, checked before anybody uses them."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from snake.acme.chains import ChainPreference
from snake.acme.resources import NonsenseError
from snake.core.record import Record
from snake.storage.keys import ascii_name
from snake.tls.certificate import host_of
from snake.tls.x509 import names_of

_MOST = 20
"""Certificates in a chain."""
_UNREADABLE = (
    *(ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion),
    *(x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""What `cryptography` raises for certificates that are none, some of it late."""
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*")


class Chain(Record):
    """A chain of certificates, and where it was."""

    url: str
    pem: str
    """The leaf first."""
    issuers: tuple[str, ...]
    """The common name of who signed each."""


def read_chain(url: str, body: bytes, names: Sequence[str], csr: bytes, now: float) -> Chain:
    """Return the chain in an answer.

    Raises `NonsenseError` unless it is the one that was ordered: for these names and no other,
    for the key in the signing request, and not yet over.
    """
    try:
        return _read(url, body, {host_of(ascii_name(name)) for name in names}, csr, now)
    except _UNREADABLE as error:
        raise NonsenseError(f"{url}: a certificate cannot be read: {error}") from None


def _read(url: str, body: bytes, wanted: set[str], csr: bytes, now: float) -> Chain:
    certificates = _certificates(url, body)
    leaf = certificates[0]
    found = set(names_of(leaf))
    if found != wanted:
        raise NonsenseError(
            f"{url}: the certificate is for {_list(found)}, and {_list(wanted)} was ordered"
        )
    if _key(leaf) != _key(x509.load_der_x509_csr(csr)):
        raise NonsenseError(f"{url}: the certificate is for a key that is not ours")
    if leaf.not_valid_after_utc.timestamp() <= now:
        raise NonsenseError(
            f"{url}: the certificate is valid until {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, "
            f"and here it is {time.strftime('%Y-%m-%d %H:%M', time.gmtime(now))} UTC"
        )
    pem = "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in certificates)
    return Chain(url, pem, tuple(_common_name(each.issuer) for each in certificates))


def preferred(chains: Sequence[Chain], preference: ChainPreference | None) -> Chain:
    """Return the chain to use: that which is preferred, else the first (certmagic: the same)."""
    ordered = list(chains)
    if preference is None:
        return ordered[0]
    if preference.smallest is not None:
        ordered.sort(key=lambda chain: len(chain.pem), reverse=not preference.smallest)
    for name in preference.any_common_name:
        for chain in ordered:
            if name in chain.issuers:
                return chain
    for name in preference.root_common_name:
        for chain in ordered:
            if chain.issuers[-1] == name:
                return chain
    return ordered[0]


def _certificates(url: str, body: bytes) -> list[x509.Certificate]:
    blocks = _BLOCK.findall(body)
    if not blocks or len(blocks) > _MOST:
        raise NonsenseError(f"{url}: expected a chain of certificates, got {len(blocks)} in PEM")
    return [x509.load_pem_x509_certificate(block) for block in blocks]


def _key(of: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    return of.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _common_name(name: x509.Name) -> str:
    return next((str(each.value) for each in name.get_attributes_for_oid(NameOID.COMMON_NAME)), "")


def _list(names: set[str]) -> str:
    shown = sorted(names)[:5]
    return ", ".join(shown) + (", …" if len(names) > len(shown) else "") or "no name"
