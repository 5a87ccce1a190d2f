"""Issuer: the contract of what signs certificates.

A module of the namespace `tls.issuance` provisions to one. Source:
https://pkg.go.dev/github.com/caddyserver/certmagic#Issuer.
"""

from __future__ import annotations

from typing import Any, Protocol

from snake.core.errors import SnakeError
from snake.core.record import Record
from snake.tls.certificate import Certificate


class IssueError(SnakeError):
    """A certificate that was not issued, and why.

    `retry_after` is when it may be asked again, in seconds since the epoch, if the authority has
    said so; one that is `lasting` is the same however often it is tried.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, lasting: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.lasting = lasting


class Request(Record):
    """What an issuer is asked for."""

    names: tuple[str, ...]
    """The first is the subject."""
    csr: bytes
    """The signing request, as DER (RFC 2986)."""
    attempt: int = 0
    """How often it was tried before: from the second time on a CA for tests is asked first."""
    renews: Certificate | None = None


class Issued(Record):
    """What an issuer answers."""

    chain: str
    """PEM, the leaf first."""
    metadata: dict[str, Any] = {}
    """The `issuer_data` of the storage's `.json` beside it, as certmagic has it."""


class RenewalWindow(Record):
    """When an authority would like a certificate to be renewed (ARI, RFC 9773)."""

    start: float
    """Seconds since the epoch."""
    end: float
    check_again: float
    """When to ask again."""
    explanation: str = ""
    """A URL for people."""


class Issuer(Protocol):
    """Signs certificates."""

    key: str
    """The folder of the storage in which its certificates are: certmagic's `IssuerKey`."""

    async def issue(self, request: Request) -> Issued:
        """Return a certificate. Raises `IssueError`. May take minutes; can be cancelled."""
        ...

    async def renewal_window(self, certificate: Certificate) -> RenewalWindow | None:
        """Return when it should be renewed; `None` if the authority has no opinion.

        Raises `IssueError` when that cannot be found out.
        """
        ...
