"""Obtain: one certificate, from the first issuer that gives one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from snake.storage import keys
from snake.storage.storage import StorageError
from snake.tls import stored
from snake.tls.certificate import Certificate, CertificateError
from snake.tls.issuer import Issued, IssueError, Issuer, Request
from snake.tls.managed import Managed
from snake.tls.policy import Policy
from snake.tls.signing import new_key, signing_request

logger = logging.getLogger("snake.tls")

Obtained = tuple[Certificate, Issued | None]
"""A certificate, and what was issued, if the storage has not got it."""


async def obtain(managed: Managed, now: Callable[[], float]) -> Obtained:
    """Obtain a certificate for a name. Raises `IssueError`.

    Nobody else who has the same storage obtains one for it meanwhile. One that somebody has
    obtained while this waited for its turn is taken.
    """
    try:
        async with managed.policy.storage.lock(keys.issuance(managed.name)):
            found = await _found(managed, now())
            if found is not None:
                _log("certificate of another server taken from the storage", found, managed)
                return found, None
            certificate, issued = await _issue(managed, now)
            before = managed.certificate
            _log(f"certificate {'renewed' if before else 'obtained'}", certificate, managed)
            # While the lock is held: who waits for it is to find the certificate.
            with suppress(StorageError):  # whoever keeps it up tries again, and tells of it
                await stored.save(
                    managed.policy.storage, certificate, issued.metadata, names=[managed.name]
                )
                return certificate, None
            return certificate, issued
    except StorageError as error:
        raise IssueError(f"the storage fails: {error}") from None


def _log(message: str, certificate: Certificate, managed: Managed) -> None:
    fields = {
        "name": managed.name,
        "issuer": certificate.issuer_key,
        "not_after": date(certificate.not_after),
    }
    logger.info("%s", message, extra={"fields": fields})


def date(moment: float) -> str:
    """Return a moment, in seconds since the epoch, as the log has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


async def newest(policy: Policy, name: str) -> Certificate | None:
    """Return the newest certificate that the storage has for a name. Raises `StorageError`.

    One that is broken is none: another will take its place.
    """
    there: list[Certificate] = []
    for issuer in policy.issuers:
        try:
            found = await stored.load(policy.storage, issuer.key, name)
        except stored.BrokenError as error:
            fields = {"name": name, "error": str(error)}
            logger.error("a stored certificate is broken", extra={"fields": fields})  # noqa: TRY400
            continue
        if found is not None:
            there.append(found)
    return max(there, key=lambda each: each.not_before, default=None)


async def _found(managed: Managed, now: float) -> Certificate | None:
    """Return a certificate of the storage that need not be renewed. Raises `StorageError`."""
    mine, found = managed.certificate, await newest(managed.policy, managed.name)
    if found is None or (mine is not None and found.not_before <= mine.not_before):
        return None
    return found if found.left(now) > found.lifetime / 2 else None


async def _issue(managed: Managed, now: Callable[[], float]) -> tuple[Certificate, Issued]:
    policy = managed.policy
    errors: list[tuple[Issuer, IssueError]] = []
    key = managed.certificate.key if policy.reuse_keys and managed.certificate else ""
    key = key or await asyncio.to_thread(new_key, policy.key_type)
    csr = await asyncio.to_thread(signing_request, [managed.name], key)
    request = Request((managed.name,), csr, managed.attempts, managed.certificate)
    for issuer in policy.issuers:
        try:
            issued = await issuer.issue(request)
            return _checked(managed.name, issued, key, issuer.key, now()), issued
        except IssueError as error:
            errors.append((issuer, error))
            if len(policy.issuers) > 1:
                fields = {"name": managed.name, "issuer": issuer.key, "error": str(error)}
                logger.warning("an issuer gives no certificate", extra={"fields": fields})
    if not errors:
        raise IssueError("there is no issuer for it", lasting=True)
    raise _together(errors)


def _checked(name: str, issued: Issued, key: str, issuer_key: str, now: float) -> Certificate:
    """Return what was issued, if it is what was asked for. Raises `IssueError`."""
    try:
        certificate = Certificate.read(issued.chain, key, issuer_key=issuer_key)
    except CertificateError as error:
        raise IssueError(f"the authority gave something else: {error}") from None
    if name not in certificate.names:
        names = ", ".join(certificate.names[:5]) or "nothing"
        raise IssueError(f"the authority gave a certificate for {names}")
    if certificate.left(now) <= 0:
        raise IssueError("the authority gave a certificate that has expired; is the clock right?")
    return certificate


def _together(errors: list[tuple[Issuer, IssueError]]) -> IssueError:
    """Return the errors of all issuers as one."""
    if len(errors) == 1:
        return errors[0][1]
    told = "; ".join(f"{issuer.key}: {error}" for issuer, error in errors)
    moments = [error.retry_after for _, error in errors]
    known = [moment for moment in moments if moment is not None]
    return IssueError(
        told,
        retry_after=min(known) if len(known) == len(moments) else None,
        lasting=all(error.lasting for _, error in errors),
    )
