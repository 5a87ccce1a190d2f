"""A certificate authority that signs what it is asked, for as long as it is told to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from snake.tls.certificate import Certificate
from snake.tls.issuer import Issued, IssueError, RenewalWindow, Request


class SmallCA:
    """An issuer. `fails` is raised, if there is one; `requests` is what it was asked."""

    def __init__(
        self,
        key: str = "small",
        lifetime: float = 90 * 86_400,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.key = key
        self.lifetime = lifetime
        self.now = now or (lambda: datetime.now(UTC).timestamp())
        self.fails: IssueError | None = None
        self.window: RenewalWindow | None = None
        self.requests: list[Request] = []
        self._key = ec.generate_private_key(ec.SECP256R1())

    async def issue(self, request: Request) -> Issued:
        """Sign, or fail as was said."""
        self.requests.append(request)
        if self.fails is not None:
            raise self.fails
        csr = x509.load_der_x509_csr(request.csr)
        begin = datetime.fromtimestamp(self.now(), UTC)
        signed = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Small CA")]))
            .public_key(csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(seconds=self.lifetime))
            .add_extension(
                csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value,
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return Issued(signed.public_bytes(serialization.Encoding.PEM).decode(), {"url": "x"})

    async def renewal_window(self, certificate: Certificate) -> RenewalWindow | None:
        """Return what was said."""
        del certificate
        return self.window
