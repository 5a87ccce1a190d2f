"""Vault: where an authority keeps its pairs, in the storage and as Caddy does.

::

    pki/authorities/<id>/{root,intermediate}.{crt,key}
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from snake.pki.pair import Pair, PairError, key_to_pem, to_pem
from snake.storage.keys import safe
from snake.storage.storage import MissingError, Storage

ROOT = "root"
INTERMEDIATE = "intermediate"


def key_of(id: str, name: str) -> str:
    """Return the key of a storage under which an authority has `root.crt` or the like."""
    return f"pki/authorities/{safe(id)}/{name}"


class Vault:
    """The pairs of one authority."""

    def __init__(self, storage: Storage, id: str) -> None:
        self._storage = storage
        self._id = id

    def place(self, name: str) -> str:
        """Return where a certificate is, for people."""
        return f"storage:{key_of(self._id, name)}.crt"

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Hold the authority, so that nobody else makes what it lacks. Raises `StorageError`."""
        return self._storage.lock(f"pki_authorities_{safe(self._id)}")

    async def load(self, name: str) -> Pair | None:
        """Return a pair with its key; `None` if it is not there.

        Raises `PairError` for what is none, and `StorageError`.
        """
        try:
            certificate = await self._storage.load(self._key(name, "crt"))
        except MissingError:
            return None
        try:
            key = await self._storage.load(self._key(name, "key"))
        except MissingError:
            raise PairError(f"{self._key(name, 'key')} is missing, the key of {name}.crt") from None
        try:
            return Pair.read(certificate, key)
        except PairError as error:
            raise PairError(f"{self._key(name, 'crt')} and its key: {error}") from None

    async def load_certificate(self, name: str) -> Pair | None:
        """Return a pair without its key; `None` if it is not there.

        Raises `PairError` and `StorageError`.
        """
        try:
            return Pair.read(await self._storage.load(self._key(name, "crt")), None)
        except MissingError:
            return None

    async def save(self, name: str, pair: Pair) -> None:
        """Keep a pair that has a key. Raises `StorageError`."""
        assert pair.key is not None  # noqa: S101  (it was made here)
        # The certificate is what says that there is a pair; so it comes last.
        await self._storage.store(self._key(name, "key"), key_to_pem(pair.key))
        await self._storage.store(self._key(name, "crt"), to_pem(*pair.chain).encode())

    def _key(self, name: str, ending: str) -> str:
        return f"{key_of(self._id, name)}.{ending}"
