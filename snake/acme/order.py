"""Order: how a certificate is had, once there is an account (RFC 8555 §7.4)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from snake.acme.account import Account
from snake.acme.authorizing import Authorizing, FailedError, Proofs
from snake.acme.chain import Chain, preferred, read_chain
from snake.acme.chains import ChainPreference
from snake.acme.client import Client
from snake.acme.key import encoded
from snake.acme.names import identifiers
from snake.acme.polling import Polling
from snake.acme.problem import (
    ALREADY_REPLACED,
    MALFORMED,
    ORDER_NOT_READY,
    UNAUTHORIZED,
    ProblemError,
)
from snake.acme.resources import PENDING, PROCESSING, READY, VALID, NonsenseError, Order, read
from snake.acme.wire import Answer
from snake.core.errors import SnakeError
from snake.core.record import Record
from snake.core.suggest import suggestion

_ATTEMPTS = 3
"""Orders for one certificate, each with another challenge (acmez: the same)."""
_MOST_ALTERNATES = 10
_MOST_SHOWN = 20
_MOST_SAID = 500
_FEW = 10
"""Authorizations beside one for each name, which nobody is known to ask for."""
_PEM_CHAIN = "application/pem-certificate-chain"
_ALTERNATE = re.compile(r'<([^<>]+)>[^,]*;\s*rel="?alternate"?', re.IGNORECASE)
_REFUSES_REPLACES = (ALREADY_REPLACED, MALFORMED, UNAUTHORIZED)


class ProfileError(SnakeError):
    """A profile that the authority does not have."""


class Wanted(Record):
    """What is ordered."""

    names: tuple[str, ...]
    csr: bytes
    """DER."""
    profile: str = ""
    lifetime: float = 0
    """Seconds; 0 leaves it to the authority."""
    replaces: str | None = None
    """The ID of the certificate that this one is to replace (RFC 9773 §5)."""
    chains: ChainPreference | None = None


class Ordering:
    """Orders certificates from one authority, in the name of one account."""

    def __init__(
        self,
        client: Client,
        account: Account,
        authorizing: Authorizing,
        polling: Polling,
    ) -> None:
        self._client = client
        self._account = account
        self._authorizing = authorizing
        self._polling = polling

    async def obtain(self, wanted: Wanted) -> Chain:
        """Return the chain that was ordered.

        Raises `ProblemError`, `UnsolvableError`, `NonsenseError`, `ProfileError` or `WireError`.
        """
        proofs = Proofs(wanted.names)
        for left in reversed(range(_ATTEMPTS)):
            url, order = await self._new_order(wanted)
            try:
                await self._authorizing.prove(order.authorizations, proofs)
            except FailedError as error:
                if not left:
                    raise error.error from None
                await self._client.sleep(1)
                continue
            order = await self._finalized(url, order, wanted)
            return await self._downloaded(order, wanted)
        raise AssertionError

    async def _new_order(self, wanted: Wanted) -> tuple[str, Order]:
        directory = await self._client.directory()
        profiles = directory.meta.profiles
        if wanted.profile and profiles and wanted.profile not in profiles:
            raise ProfileError(
                f"{self._client.url} has no profile {wanted.profile!r}"
                f"{suggestion(wanted.profile, profiles)} (it has "
                f"{', '.join(sorted(profiles)[:_MOST_SHOWN])[:_MOST_SAID]})"
            )
        payload = self._payload(wanted)
        try:
            answer = await self._post(directory.new_order, payload)
        except ProblemError as error:
            # That a certificate replaces another one is good to know for an authority, and no
            # reason not to get it: one may have been replaced, or be from another account.
            if "replaces" not in payload or error.kind not in _REFUSES_REPLACES:
                raise
            del payload["replaces"]
            answer = await self._post(directory.new_order, payload)
        url = answer.header("location")
        order = read(answer, Order)
        many = len(order.authorizations) > _FEW + len(wanted.names)
        if not url or not order.authorizations or not order.finalize or many:
            raise NonsenseError(f"{answer.url}: it answers with an order that leads nowhere")
        return url, order

    def _payload(self, wanted: Wanted) -> dict[str, Any]:
        payload: dict[str, Any] = {"identifiers": identifiers(wanted.names)}
        if wanted.lifetime > 0:
            end = datetime.fromtimestamp(int(self._client.now() + wanted.lifetime), UTC)
            payload["notAfter"] = end.isoformat().replace("+00:00", "Z")
        if wanted.profile:
            payload["profile"] = wanted.profile
        if wanted.replaces is not None:
            payload["replaces"] = wanted.replaces
        return payload

    async def _finalized(self, url: str, order: Order, wanted: Wanted) -> Order:
        """Return the order when its certificate is there."""
        order = await self._until(url, PENDING)
        if order.status == READY:
            try:
                await self._post(order.finalize, {"csr": encoded(wanted.csr)})
            except ProblemError as error:
                if error.kind != ORDER_NOT_READY:
                    raise
                # Or it is done already, and the answer to that was lost.
                order = await self._until(url, PENDING)
                if order.status == READY:
                    await self._post(order.finalize, {"csr": encoded(wanted.csr)})
            order = await self._until(url, PROCESSING, READY)
        if order.status != VALID or not order.certificate:
            if order.error is not None:
                raise ProblemError(order.error, url)
            raise NonsenseError(f"{url}: the order has become {order.status!r}, without a reason")
        return order

    async def _until(self, url: str, *pending: str) -> Order:
        return await self._polling.until(
            lambda: self._post(url), Order, lambda order: order.status not in pending, url
        )

    async def _downloaded(self, order: Order, wanted: Wanted) -> Chain:
        answer = await self._chain(order.certificate)
        chains = [self._read(answer, wanted)]
        if wanted.chains is not None:
            others = [await self._chain(url) for url in _alternates(answer)]
            chains += [self._read(other, wanted) for other in others]
        return preferred(chains, wanted.chains)

    def _read(self, answer: Answer, wanted: Wanted) -> Chain:
        if answer.media_type != _PEM_CHAIN:
            raise NonsenseError(f"{answer.url}: expected certificates, got {answer.shown()}")
        return read_chain(answer.url, answer.body, wanted.names, wanted.csr, time.time())

    async def _chain(self, url: str) -> Answer:
        key, location = self._account.key, self._account.location
        return await self._client.post(url, None, key, location, accept=_PEM_CHAIN)

    async def _post(self, url: str, payload: Mapping[str, Any] | None = None) -> Answer:
        return await self._client.post(url, payload, self._account.key, self._account.location)


def _alternates(answer: Answer) -> list[str]:
    """Return the URLs of other chains for the same certificate (RFC 8555 §7.4.2)."""
    found = [
        urljoin(answer.url, url)
        for name, value in answer.headers
        if name == "link"
        for url in _ALTERNATE.findall(value)
    ]
    return found[:_MOST_ALTERNATES]
