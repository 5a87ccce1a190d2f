"""Revocation: which certificate a client means, and whether it is its own (RFC 8555 §7.6)."""

from __future__ import annotations

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from snake.acme_server.jws import PublicKey, decoded
from snake.acme_server.ledger import Ledger
from snake.acme_server.orders import read
from snake.acme_server.refused import RefusedError, malformed
from snake.acme_server.resources import Order

_REASONS = frozenset(range(11)) - {7}
"""Codes of reasons (RFC 5280 §5.3.1)."""


class _Asked(msgspec.Struct):
    certificate: str
    reason: int | None = None


async def revoke(ledger: Ledger, payload: bytes, *, account: str = "", key: str = "") -> None:
    """Remember that a certificate is revoked; nobody but this server looks at that.

    Who asks is an account, or has the key of the certificate itself with this thumbprint. Raises
    `RefusedError` and `StorageError`.
    """
    asked = read(payload, _Asked)
    if asked.reason is not None and asked.reason not in _REASONS:
        raise RefusedError("badRevocationReason", f"{asked.reason} is no code of a reason")
    certificate = _certificate(decoded(asked.certificate))
    order = await ledger.order_of(f"{certificate.serial_number:x}")
    if order is None or not _is_of(certificate, order):
        raise malformed("this server has not issued that certificate", 404)
    own = PublicKey.of(certificate.public_key())
    if account != order.account and (own is None or own.thumbprint != key):
        raise RefusedError("unauthorized", "this is the certificate of another account", 403)
    async with ledger.lock(order.id):
        order = await ledger.order(order.account, order.id)
        if order.revoked:
            raise RefusedError("alreadyRevoked", "the certificate was revoked before")
        order.revoked = True
        await ledger.keep_order(order)


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise malformed(f"this is no certificate: {error}") from None


def _is_of(certificate: x509.Certificate, order: Order) -> bool:
    leaf = x509.load_pem_x509_certificate(order.chain.encode())
    return leaf.public_bytes(Encoding.DER) == certificate.public_bytes(Encoding.DER)
