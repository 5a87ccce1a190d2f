"""Certificate: a chain with its key, and what must be known of it without parsing it again.

It travels to the workers as JSON, so that they need nothing that parses certificates.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec

from snake.core.errors import SnakeError
from snake.core.record import Record


class CertificateError(SnakeError):
    """What should be a certificate with its key is not."""


class Certificate(Record):
    """A certificate with its key. A value: a renewed one is another."""

    chain: str
    """PEM, the leaf first."""
    key: str
    """PEM. It is in no log and no message for people."""
    names: tuple[str, ...]
    """DNS names and IP addresses it is for, in lower case."""
    not_before: float
    """Seconds since the epoch."""
    not_after: float
    serial: str
    """Its serial number, in decimal."""
    fingerprint: str
    """SHA-256 of the leaf, in hexadecimal: what tells two certificates apart."""
    organizations: tuple[str, ...] = ()
    algorithm: str = ""
    """Of its public key: `rsa`, `ecdsa`, `ed25519`."""
    tags: tuple[str, ...] = ()
    issuer_key: str = ""
    """The storage's folder of who issued it; none for one that is not managed."""
    issuer: str = ""
    """The common name of who signed it."""

    def __repr__(self) -> str:
        """Name it, without its key: what is shown of a value may be logged."""
        return f"<Certificate of {', '.join(self.names)}, {self.fingerprint[:16]}>"

    @property
    def lifetime(self) -> float:
        """Seconds for which it is valid in all."""
        return self.not_after - self.not_before

    def left(self, now: float) -> float:
        """Return for how many seconds more it is valid; below 0 if it is not."""
        return self.not_after - now

    @classmethod
    def read(
        cls, chain: str, key: str, *, tags: Iterable[str] = (), issuer_key: str = ""
    ) -> Certificate:
        """Return the certificate in two PEM texts. Raises `CertificateError`.

        The key must be that of the chain's first certificate.
        """
        # Only what has certificates needs it, and it takes a while to load.
        from snake.tls.x509 import facts  # noqa: PLC0415

        return msgspec.structs.replace(facts(chain, key), tags=tuple(tags), issuer_key=issuer_key)


def host_of(name: str) -> str:
    """Return a name as certificates are looked up by it: lower case, addresses in one form."""
    name = name.strip().lower().removesuffix(".")
    if ":" in name or name.replace(".", "").isdigit():
        try:
            return str(ipaddress.ip_address(name.strip("[]")))
        except ValueError:
            return name
    return name
