"""Census: all certificates that there are for a document, and where each name stands."""

from __future__ import annotations

from collections.abc import Iterable

from snake.core.record import Record
from snake.storage import keys
from snake.storage.storage import Storage, StorageError
from snake.tls import lifecycle, notes, stored
from snake.tls.certificate import Certificate
from snake.tls.managed import Status

LOADED = "(file)"
"""The issuer of what was loaded: whoever put it there."""


class Census(Record):
    """What was found."""

    statuses: tuple[Status, ...]
    """By name."""
    faults: tuple[str, ...] = ()
    """What could not be read, and why."""


async def census(
    storage: Storage, names: Iterable[str], loaded: Iterable[Certificate] = ()
) -> Census:
    """Return where every name stands: those in the storage, those that are to have a certificate.

    Raises `StorageError` when the storage cannot be read at all.
    """
    faults: list[str] = []
    found: list[Status] = [
        _status(name, certificate, LOADED) for certificate in loaded for name in certificate.names
    ]
    for site in await _sites(storage):
        _, issuer, name = site.split("/")
        try:
            certificate = await stored.load(storage, issuer, name)
        except StorageError as error:
            faults.append(str(error))
            continue
        if certificate is not None:
            statuses = [_status(each, certificate, issuer) for each in certificate.names]
            found += [await _noted(storage, status) for status in statuses]
    known = {status.name for status in found}
    missing = dict.fromkeys(map(keys.ascii_name, names)).keys() - known
    found += [await _noted(storage, Status(name)) for name in missing]
    return Census(tuple(sorted(found, key=lambda status: status.name)), tuple(faults))


async def _sites(storage: Storage) -> list[str]:
    issuers = await storage.list(keys.CERTIFICATES)
    return [site for issuer in issuers for site in await storage.list(issuer)]


def _status(name: str, certificate: Certificate, issuer: str) -> Status:
    renew_at = 0.0 if issuer == LOADED else lifecycle.renewal(certificate).at
    return Status(name, issuer, certificate.not_before, certificate.not_after, renew_at)


async def _noted(storage: Storage, status: Status) -> Status:
    """Return what the server has left word of, where it is of the same certificate."""
    try:
        note = await notes.read(storage, status.name)
    except StorageError:
        return status
    if note is None or note.not_after != status.not_after:
        return status
    return note
