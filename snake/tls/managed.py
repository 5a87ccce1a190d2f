"""Managed: a name whose certificate is kept up, and where that stands."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from snake.core.record import Record
from snake.tls import lifecycle
from snake.tls.certificate import Certificate
from snake.tls.issuer import Issued, IssueError, RenewalWindow
from snake.tls.policy import Policy

NEVER = float("inf")
"""The moment of what is not done any more."""


class Status(Record):
    """What `snake certs` shows of a name."""

    name: str
    issuer: str = ""
    not_before: float = 0
    not_after: float = 0
    """Seconds since the epoch; 0 without a certificate."""
    renew_at: float = 0
    error: str = ""
    """Why the last attempt failed; empty if it did not."""
    attempts: int = 0
    next_at: float = 0
    """When it is tried again."""


class Managed:
    """What is known of one name. It changes; the keeper alone changes it."""

    def __init__(self, name: str, policy: Policy, *, on_demand: bool = False) -> None:
        self.name = name
        self.policy = policy
        self.on_demand = on_demand
        """Whether it came at a handshake, and may go again."""
        self.certificate: Certificate | None = None
        self.unsaved: Issued | None = None
        """What was issued, if the storage has failed to take it."""
        self.window: RenewalWindow | None = None
        self.ask_at = 0.0
        """When the authority is asked for one again, in seconds since the epoch."""
        self.obtained_at = 0.0
        """When the certificate was obtained, if this process has done it."""
        self.working = False
        """Whether an attempt is under way."""
        self.attempts = 0
        """That failed since the last that did not."""
        self.trying_since = 0.0
        """When the first of them was, in seconds since the epoch."""
        self.next_at = 0.0
        """When something is to be done next."""
        self.error = ""
        self._news: asyncio.Future[None] | None = None

    def renewal(self, interval: float) -> lifecycle.Renewal:
        """Return when its certificate is to be renewed; at once if it has none."""
        if self.certificate is None:
            return lifecycle.Renewal(0.0)
        found = lifecycle.renewal(self.certificate, self.policy.ratio, self.window, interval)
        if found.by_authority:  # one whose wishes are always in the past is not to wear us out
            return replace(found, at=max(found.at, self.obtained_at + lifecycle.HOUR))
        return found

    def have(self, certificate: Certificate, obtained_at: float = 0.0) -> None:
        """Take a certificate."""
        if self.certificate is None or self.certificate.fingerprint != certificate.fingerprint:
            self.window, self.ask_at = None, 0.0
            self.obtained_at = obtained_at
        self.certificate = certificate
        self.attempts, self.trying_since, self.error = 0, 0.0, ""
        self._tell()

    def failed(self, error: IssueError, now: float) -> bool:
        """Take a failure; return whether it makes sense to try again."""
        self.attempts += 1
        self.trying_since = self.trying_since or now
        self.error = str(error)
        self.next_at = lifecycle.retry_at(self.attempts, error.retry_after, now)
        self._tell()
        return not error.lasting and now - self.trying_since < lifecycle.LONGEST_EFFORT

    async def news(self) -> None:
        """Wait until there is a certificate, or an attempt has failed."""
        if self._news is None or self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._news)

    def _tell(self) -> None:
        self.working = False
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def status(self, interval: float) -> Status:
        """Return where it stands."""
        certificate = self.certificate
        waits = self.attempts > 0 and self.next_at != NEVER
        return Status(
            self.name,
            issuer=certificate.issuer_key if certificate else "",
            not_before=certificate.not_before if certificate else 0.0,
            not_after=certificate.not_after if certificate else 0.0,
            renew_at=self.renewal(interval).at,
            error=self.error,
            attempts=self.attempts,
            next_at=self.next_at if waits else 0.0,
        )
