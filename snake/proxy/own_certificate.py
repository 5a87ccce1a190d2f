"""OwnCertificate: the certificate of a managed name, which upstreams are shown."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from snake.tls.certificate import Certificate
from snake.tls.contexts import as_file
from snake.tls.ring import Ring


class OwnCertificate:
    """Has contexts present the certificate that there is now; it is renewed meanwhile."""

    def __init__(self, ring: Ring, name: str, contexts: Sequence[ssl.SSLContext]) -> None:
        self._ring = ring
        self._name = name.lower()
        self._contexts = contexts
        self._seen = -1
        self._shown = ""

    def present(self) -> None:
        """See that new connections present it. Raises `ValueError` as long as there is none."""
        if self._seen != self._ring.changes:
            self._seen = self._ring.changes
            found = self._ring.matching(self._name)
            if found and found[0].fingerprint != self._shown:
                self._load(found[0])
        if not self._shown:
            raise ValueError(f"there is no certificate for {self._name} yet")

    def _load(self, certificate: Certificate) -> None:
        with as_file(certificate.chain + "\n" + certificate.key) as path:
            for context in self._contexts:
                context.load_cert_chain(path)
        self._shown = certificate.fingerprint
