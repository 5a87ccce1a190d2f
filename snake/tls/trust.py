"""TrustPool: the certificates whose signature is believed, as they were read."""

from __future__ import annotations

import ssl

from snake.core.record import Record


class TrustPool(Record):
    """Authorities, as DER."""

    certificates: tuple[bytes, ...] = ()
    system: bool = False
    """Whether those of the operating system are among them."""

    def apply(self, context: ssl.SSLContext) -> None:
        """Have a context believe these, and no others. Raises `ssl.SSLError` for what is none."""
        if self.system:
            context.load_default_certs()
        if self.certificates:
            context.load_verify_locations(cadata=b"".join(self.certificates))
