"""Distributed solving: one machine begins a challenge, another one is asked.

Several machines behind one name share a storage. Who begins a challenge puts it there, and who is
asked for one that it did not begin looks there. Source: certmagic's `distributedSolver`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from snake.acme.names import is_ip
from snake.acme.resources import DNS, IP
from snake.acme.solver import SolverError
from snake.core.record import Record
from snake.storage import keys
from snake.storage.storage import MissingError, Storage, StorageError
from snake.tls.challenge import Challenge

logger = logging.getLogger("snake.tls.issuance.acme")

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.:-]{0,251}[a-z0-9])?")
"""What a client may ask for: a name or an address, and nothing else that a path may have."""
_LONGEST = 16_384
"""Bytes of a stored challenge."""


class _Identifier(Record):
    type: str = DNS
    value: str = ""


class _Stored(Record):
    """The file of a challenge, as certmagic writes it."""

    type: str
    url: str = ""
    status: str = "pending"
    token: str = ""
    key_authorization: str = msgspec.field(default="", name="keyAuthorization")
    identifier: _Identifier = _Identifier()


class Shared(Record):
    """The challenges of one authority that are in a storage.

    Issuers that have both in common have this in common, and one look is enough for all.
    """

    _storage: Storage
    _issuer_key: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shared) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)

    @property
    def _place(self) -> tuple[int, str]:
        return id(self._storage), self._issuer_key

    @asynccontextmanager
    async def storing(self, challenge: Challenge) -> AsyncIterator[None]:
        """Keep a challenge in the storage as long as this is open. Raises `SolverError`."""
        place = keys.challenge(self._issuer_key, challenge.name)
        kind = IP if is_ip(challenge.name) else DNS
        stored = _Stored(
            type=challenge.type,
            token=challenge.token,
            key_authorization=challenge.key_authorization,
            identifier=_Identifier(kind, challenge.name),
        )
        try:
            await self._storage.store(place, msgspec.json.encode(stored))
        except StorageError as error:
            raise SolverError(str(error)) from None
        try:
            yield
        finally:
            try:
                await self._storage.delete(place)
            except MissingError:
                pass
            except StorageError as error:
                logger.warning(
                    "challenge stays in the storage", extra={"fields": {"error": str(error)}}
                )

    async def find(self, name: str) -> Challenge | None:
        """Return the challenge that is stored for a name in lower case."""
        if not _NAME.fullmatch(name):
            return None
        try:
            text = await self._storage.load(keys.challenge(self._issuer_key, name))
            stored = msgspec.json.decode(text[:_LONGEST], type=_Stored)
        except MissingError:
            return None
        except (StorageError, msgspec.DecodeError) as error:
            logger.warning(
                "stored challenge cannot be read",
                extra={"fields": {"identifier": name, "error": str(error)}},
            )
            return None
        return Challenge(stored.type, name, stored.token, stored.key_authorization)
