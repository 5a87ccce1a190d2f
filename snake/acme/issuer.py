"""The ACME issuer: `tls.issuer.Issuer` by one authority, and one for tests before it."""

from __future__ import annotations

import logging
import random
from datetime import UTC, datetime
from typing import Any

from snake.acme.account import Account
from snake.acme.ari import certificate_id, renewal_window
from snake.acme.authority import Authority
from snake.acme.chain import Chain
from snake.acme.dealings import Dealings
from snake.acme.distributed import Shared
from snake.acme.order import ProfileError, Wanted
from snake.acme.problem import LASTING, RATE_LIMITED, ProblemError
from snake.core.errors import SnakeError
from snake.storage.keys import issuer_of
from snake.tls.certificate import Certificate
from snake.tls.issuer import Issued, IssueError, RenewalWindow, Request
from snake.tls.subjects import is_ip, qualifies_for_public

logger = logging.getLogger("snake.tls.issuance.acme")

_PUBLIC = {
    "api.letsencrypt.org": True,
    "acme.zerossl.com": False,
    "api.pki.goog": True,
    "api.buypass.com": False,
    "acme.ssl.com": False,
}
"""Public authorities, and whether they have certificates for addresses (certmagic: the same)."""
_WITHOUT_REPLACES = 2
"""The attempt in which it is not said which certificate is replaced, in case that is the reason
(certmagic: the same)."""


class ACMEIssuer:
    """Has certificates from an authority."""

    def __init__(
        self,
        authority: Authority,
        test: Authority | None,
        template: Wanted,
        dealings: Dealings,
        elsewhere: tuple[Shared, ...] = (),
    ) -> None:
        self.key = issuer_of(authority.client.url)
        self.elsewhere = elsewhere
        """Where other machines put the challenges that they have begun."""
        self._authority = authority
        self._test = test
        self._template = template
        self._dealings = dealings

    async def issue(self, request: Request) -> Issued:
        """Return a certificate. Raises `IssueError`.

        After a failure it is tried with the authority for tests first, whose certificate is thrown
        away: real ones count failures.
        """
        _check(self._authority.client.url, request.names)
        if request.attempt > 0 and self._test is not None:
            await self._issued(self._test, self._wanted(request, None))
            try:
                return await self._production(request)
            except IssueError as error:
                if not isinstance(error, _RefusedError) or error.kind == RATE_LIMITED:
                    raise
                # One of both says yes, the other no: that does not change by asking often.
                raise IssueError(str(error), lasting=True) from None
        return await self._production(request)

    async def renewal_window(self, certificate: Certificate) -> RenewalWindow | None:
        """Return when it should be renewed. Raises `IssueError`."""
        if certificate.issuer_key not in ("", self.key):
            return None
        try:
            return await renewal_window(self._authority.client, certificate.chain)
        except SnakeError as error:
            raise _issue_error(error) from None

    async def _production(self, request: Request) -> Issued:
        await self._dealings.turn(self._authority.client.url, self._authority.email)
        wanted = self._wanted(request, await self._replaced(request))
        return await self._issued(self._authority, wanted)

    async def _replaced(self, request: Request) -> str | None:
        before = request.renews
        if before is None or before.issuer_key != self.key or request.attempt == _WITHOUT_REPLACES:
            return None
        try:
            directory = await self._authority.client.directory()
        except SnakeError as error:
            raise _issue_error(error) from None
        return certificate_id(before.chain) if directory.renewal_info else None

    def _wanted(self, request: Request, replaces: str | None) -> Wanted:
        template = self._template
        return Wanted(
            request.names,
            request.csr,
            template.profile,
            template.lifetime,
            replaces,
            template.chains,
        )

    async def _issued(self, authority: Authority, wanted: Wanted) -> Issued:
        try:
            chain, account = await authority.obtain(wanted)
        except SnakeError as error:
            raise _issue_error(error) from None
        return Issued(chain.pem, await _metadata(authority, chain, account))


class _RefusedError(IssueError):
    """What an authority itself said no to."""

    def __init__(self, error: ProblemError) -> None:
        super().__init__(str(error), retry_after=error.retry_after, lasting=error.kind in LASTING)
        self.kind = error.kind


async def _metadata(authority: Authority, chain: Chain, account: Account) -> dict[str, Any]:
    """Return what certmagic keeps beside a certificate of ACME."""
    metadata: dict[str, Any] = {
        "url": chain.url,
        "ca": authority.client.url,
        "account": account.location,
    }
    try:
        window = await renewal_window(authority.client, chain.pem)
    except SnakeError as error:
        logger.warning(
            "the authority does not say when to renew", extra={"fields": {"error": str(error)}}
        )
        return metadata
    if window is not None:
        metadata["renewal_info"] = {
            "suggestedWindow": {"start": _text(window.start), "end": _text(window.end)},
            **({"explanationURL": window.explanation} if window.explanation else {}),
            "_uniqueIdentifier": certificate_id(chain.pem),
            "_retryAfter": _text(window.check_again),
            "_selectedTime": _text(random.uniform(window.start, window.end)),  # noqa: S311
        }
    return metadata


def _text(when: float) -> str:
    return datetime.fromtimestamp(int(when), UTC).isoformat().replace("+00:00", "Z")


def _issue_error(error: SnakeError) -> IssueError:
    if isinstance(error, ProblemError):
        return _RefusedError(error)
    lasting = isinstance(error, ProfileError) or getattr(error, "lasting", False)
    return IssueError(str(error), lasting=lasting)


def _check(directory: str, names: tuple[str, ...]) -> None:
    """Raise `IssueError` for a name that a public authority is not even asked for."""
    addresses = next((yes for host, yes in _PUBLIC.items() if host in directory), None)
    if addresses is None:
        return
    for name in names:
        if not qualifies_for_public(name):
            raise IssueError(f"{name} does not qualify for a public certificate", lasting=True)
        if not addresses and is_ip(name):
            raise IssueError(f"{directory} has no certificates for addresses: {name}", lasting=True)
