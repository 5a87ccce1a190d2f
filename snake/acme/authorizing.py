"""Authorizing: how the names of an order are proved (RFC 8555 §7.5)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping

from snake.acme.account import Account
from snake.acme.client import Client
from snake.acme.history import History
from snake.acme.names import arpa, is_ip
from snake.acme.polling import Polling
from snake.acme.problem import ANOTHER_CHALLENGE, Problem, ProblemError
from snake.acme.resources import PENDING, PROCESSING, VALID, Authorization, Offer, read
from snake.acme.solver import Solver, SolverError
from snake.acme.wire import Answer
from snake.core.errors import SnakeError
from snake.tls.certificate import host_of
from snake.tls.challenge import TLSALPN01, Challenge

logger = logging.getLogger("snake.tls.issuance.acme")

_TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_LONGEST_TOKEN = 512
_DNS = "dns-"
_CLEAN_UP = 10.0
"""Seconds for telling the authority that an authorization is no longer wanted."""


class UnsolvableError(SnakeError):
    """A name that cannot be proved by any challenge that is left.

    One that is `lasting` is so until the configuration is another.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


class RejectedError(ProblemError):
    """A challenge that was tried and failed."""


class FailedError(SnakeError):
    """A challenge that failed, where one of another type is left to try."""

    def __init__(self, name: str, type: str, error: SnakeError) -> None:
        super().__init__(f"{name}: {type}: {error}")
        self.error = error


class Proofs:
    """What one certificate needs: names that are to be proved, and what has failed so far."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = {host_of(name.removeprefix("*.")) for name in names}
        self._failed: dict[str, set[str]] = {}

    def wants(self, name: str) -> bool:
        """Whether a name is to be proved. No other one is, whoever asks."""
        return name in self._names

    def failed(self, name: str) -> set[str]:
        """Return the types of challenge that have failed for a name; more may be added."""
        return self._failed.setdefault(name, set())


class Authorizing:
    """Proves names to an authority, each by one challenge."""

    def __init__(
        self,
        client: Client,
        account: Account,
        solvers: Mapping[str, Solver],
        history: History,
        polling: Polling,
    ) -> None:
        self._client = client
        self._account = account
        self._solvers = solvers
        self._history = history
        self._polling = polling

    async def prove(self, urls: Collection[str], proofs: Proofs) -> None:
        """Prove all that is asked at some URLs, at the same time.

        Raises `FailedError` if it may be tried again with a new order, else `UnsolvableError`,
        `ProblemError`, `NonsenseError` or `WireError`.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for url in urls:
                    group.create_task(self._prove(url, proofs))
        except BaseExceptionGroup as errors:
            known, unknown = errors.split(SnakeError)
            if known is None or unknown is not None:
                raise
            await self._give_back(urls)
            raise _first(known) from None

    async def _prove(self, url: str, proofs: Proofs) -> None:
        found = read(await self._post(url), Authorization)
        name = host_of(found.identifier.value)
        if not proofs.wants(name):
            raise UnsolvableError(f"{url}: it is for {name[:100]!r}, which was not ordered")
        if found.status != VALID:
            await self._try(url, found, name, proofs.failed(name))

    async def _try(self, url: str, found: Authorization, name: str, failed: set[str]) -> None:
        """Try one challenge, or more as long as the authority was not told to look."""
        left = {
            offer.type: offer
            for offer in found.challenges
            if found.status == PENDING and offer.type in self._solvers.keys() - failed
        }
        if not left:
            raise UnsolvableError(self._why_none(name, found, failed), lasting=not failed)
        for type in self._history.order(left):
            try:
                await self._solve(url, left[type], name)
            except SolverError as error:
                failed.add(type)
                del left[type]
                if not left:
                    raise UnsolvableError(f"{name}: {type}: {error}") from None
                logger.info("challenge cannot be answered", extra=_fields(name, type, error))
            except ProblemError as error:
                failed.add(type)
                if error.kind in ANOTHER_CHALLENGE and len(left) > 1:
                    raise FailedError(name, type, error) from None
                raise
            else:
                return

    async def _solve(self, url: str, offer: Offer, name: str) -> None:
        if not offer.token or len(offer.token) > _LONGEST_TOKEN or set(offer.token) - _TOKEN:
            raise UnsolvableError(f"{name}: {offer.type}: its token is none (RFC 8555 §8)")
        challenge = Challenge(
            type=offer.type,
            # An address has no SNI: it is asked for by its name in the reverse DNS (RFC 8738 §6).
            name=arpa(name) if is_ip(name) and offer.type == TLSALPN01 else name,
            token=offer.token,
            key_authorization=f"{offer.token}.{self._account.key.thumbprint}",
        )
        logger.info("trying to solve challenge", extra=_fields(name, offer.type))
        async with self._solvers[offer.type].solving(challenge):
            await self._post(offer.url, {})
            try:
                await self._wait(url, name, offer.type)
            except ProblemError:
                self._history.note(offer.type, succeeded=False)
                raise
            self._history.note(offer.type, succeeded=True)
        logger.info("challenge solved", extra=_fields(name, offer.type))

    async def _wait(self, url: str, name: str, type: str) -> None:
        found = await self._polling.until(
            lambda: self._post(url),
            Authorization,
            lambda found: found.status not in (PENDING, PROCESSING),
            f"{name}: {type}",
        )
        if found.status == VALID:
            return
        why = next((offer.error for offer in found.challenges if offer.error is not None), None)
        raise RejectedError(
            why or Problem(detail=f"its authorization has become {found.status!r}"),
            f"{name}: {type}",
        )

    def _why_none(self, name: str, found: Authorization, failed: Collection[str]) -> str:
        if found.status != PENDING:
            return f"{name}: its authorization is {found.status[:20]!r} from the start"
        types = {offer.type[:40] for offer in found.challenges[:20]}
        offered = ", ".join(sorted(types)) or "none"
        enabled = ", ".join(sorted(self._solvers)) or "none"
        tried = f"; failed: {', '.join(sorted(failed))}" if failed else ""
        only_dns = bool(types) and all(type.startswith(_DNS) for type in types)
        hint = "; a wildcard is proved by DNS only: set dns <provider>" if only_dns else ""
        return (
            f"{name}: no challenge is left that could prove it (offered: {offered}; enabled: "
            f"{enabled}{tried}){hint}"
        )

    async def _give_back(self, urls: Collection[str]) -> None:
        """Deactivate what is pending: authorities count it (RFC 8555 §7.5.2)."""
        try:
            async with asyncio.timeout(_CLEAN_UP):
                await asyncio.gather(*map(self._deactivate, urls))
        except (SnakeError, TimeoutError) as error:
            logger.debug("authorization not given back", extra={"fields": {"error": str(error)}})

    async def _deactivate(self, url: str) -> None:
        if read(await self._post(url), Authorization).status == PENDING:
            await self._post(url, {"status": "deactivated"})

    async def _post(self, url: str, payload: Mapping[str, str] | None = None) -> Answer:
        return await self._client.post(url, payload, self._account.key, self._account.location)


def _first(errors: BaseExceptionGroup[SnakeError]) -> SnakeError:
    """Return the error to report: one that ends the attempt rather than one that does not."""
    flat: list[SnakeError] = []
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            flat.append(_first(error))
        else:
            flat.append(error)
    return next((error for error in flat if not isinstance(error, FailedError)), flat[0])


def _fields(name: str, type: str, error: SnakeError | None = None) -> dict[str, dict[str, str]]:
    fields = {"identifier": name, "challenge_type": type}
    return {"fields": fields if error is None else fields | {"error": str(error)}}
