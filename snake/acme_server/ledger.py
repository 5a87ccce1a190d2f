"""Ledger: the accounts, orders and nonces of an ACME server, in the storage.

So all workers know them, and all machines that share it::

    acme_server/<authority>/accounts/<account>
    acme_server/<authority>/orders/<account>/<order>
    acme_server/<authority>/serials/<serial>
    acme_server/<authority>/nonces/<nonce>
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar
from weakref import WeakValueDictionary

import msgspec

from snake.acme_server.refused import RefusedError, malformed
from snake.acme_server.resources import Account, Order
from snake.storage.keys import safe
from snake.storage.storage import MissingError, Storage, StorageError

T = TypeVar("T")

_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
_MOST_ACCOUNTS = 10_000
_MOST_ORDERS = 300
"""Of one account, that are not over (Let's Encrypt: 300 in three hours)."""
_MOST_NONCES = 500
"""That one worker has given out and nobody has used; the oldest goes for a new one."""
_NONCE_LIVES = 3600.0


class Ledger:
    """What is kept for one authority."""

    def __init__(
        self, storage: Storage, authority: str, now: Callable[[], float] = time.time
    ) -> None:
        self._storage = storage
        self._folder = f"acme_server/{safe(authority)}"
        self._now = now
        self._nonces: deque[str] = deque()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # Nonces: each is a key, which can be deleted once ---------------------

    async def new_nonce(self) -> str:
        """Return a nonce that is good once. Raises `StorageError`."""
        if len(self._nonces) >= _MOST_NONCES:
            with suppress(MissingError):
                await self._storage.delete(self._key("nonces", self._nonces.popleft()))
        nonce = secrets.token_urlsafe(24)
        await self._storage.store(self._key("nonces", nonce), str(self._now()).encode())
        self._nonces.append(nonce)
        return nonce

    async def use_nonce(self, nonce: str) -> None:
        """Have a nonce be good no more. Raises `RefusedError` if it was not, and `StorageError`."""
        unknown = RefusedError("badNonce", "this nonce was not given out, or was used")
        if not _ID.fullmatch(nonce):
            raise unknown
        try:
            await self._storage.delete(self._key("nonces", nonce))
        except MissingError:
            raise unknown from None
        with suppress(ValueError):
            self._nonces.remove(nonce)

    async def clean(self) -> None:
        """Forget the nonces of those who are no more. Raises `StorageError`."""
        for key in await self._storage.list(f"{self._folder}/nonces"):
            with suppress(MissingError):
                if (await self._storage.stat(key)).modified < self._now() - _NONCE_LIVES:
                    await self._storage.delete(key)

    # Accounts ---------------------------------------------------------------

    async def account(self, id: str) -> Account | None:
        """Return an account. Raises `StorageError`."""
        return await self._load(self._key("accounts", id), Account) if _ID.fullmatch(id) else None

    async def keep_account(self, account: Account, *, new: bool = False) -> None:
        """Keep an account. Raises `RefusedError` if there are too many, and `StorageError`."""
        if new and len(await self._storage.list(f"{self._folder}/accounts")) >= _MOST_ACCOUNTS:
            raise RefusedError("rateLimited", "there are too many accounts")
        await self._store(self._key("accounts", account.id), account)

    # Orders -------------------------------------------------------------------

    @asynccontextmanager
    async def lock(self, order: str) -> AsyncIterator[None]:
        """Hold an order while it is changed. Raises `StorageError`."""
        # Those of this process need not ask the storage again and again until it is free.
        mine = self._locks.get(order)
        if mine is None:
            mine = self._locks[order] = asyncio.Lock()
        async with mine, self._storage.lock(f"acme_server_{order}"):
            yield

    async def order(self, account: str, id: str) -> Order:
        """Return an order of an account. Raises `RefusedError` and `StorageError`."""
        found = None
        if _ID.fullmatch(id):
            found = await self._load(self._key("orders", account, id), Order)
        if found is None:
            raise malformed("this account has no such order", 404)
        return found

    async def orders(self, account: str) -> list[str]:
        """Return the IDs of the orders of an account. Raises `StorageError`."""
        keys = await self._storage.list(f"{self._folder}/orders/{account}")
        return [key.rpartition("/")[2] for key in keys]

    async def new_order(self, order: Order) -> None:
        """Keep a new order; forget those that are over.

        Raises `RefusedError` if there are too many, and `StorageError`.
        """
        ids = await self.orders(order.account)
        if len(ids) >= _MOST_ORDERS // 2:
            ids = [id for id in ids if not await self._forget(order.account, id)]
        if len(ids) >= _MOST_ORDERS:
            raise RefusedError("rateLimited", f"this account has {_MOST_ORDERS} orders under way")
        await self.keep_order(order)

    async def keep_order(self, order: Order) -> None:
        """Keep an order. Raises `StorageError`."""
        if order.serial:
            place = f"{order.account}/{order.id}".encode()
            await self._storage.store(self._key("serials", order.serial), place)
        await self._store(self._key("orders", order.account, order.id), order)

    async def order_of(self, serial: str) -> Order | None:
        """Return the order of a certificate, by its serial number. Raises `StorageError`."""
        try:
            place = (await self._storage.load(self._key("serials", serial))).decode()
        except MissingError:
            return None
        return await self._load(self._key("orders", place), Order)

    async def _forget(self, account: str, id: str) -> bool:
        """Forget an order, if it is over."""
        order = await self._load(self._key("orders", account, id), Order)
        if order is None or not order.is_over(self._now()):
            return order is None
        with suppress(MissingError):
            await self._storage.delete(self._key("orders", account, id))
        if order.serial:
            with suppress(MissingError):
                await self._storage.delete(self._key("serials", order.serial))
        return True

    def _key(self, *parts: str) -> str:
        return "/".join((self._folder, *parts))

    async def _load(self, key: str, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode(await self._storage.load(key), type=kind)
        except MissingError:
            return None
        except msgspec.DecodeError as error:
            raise StorageError(f"{key}: {error}") from None

    async def _store(self, key: str, value: msgspec.Struct) -> None:
        await self._storage.store(key, msgspec.json.encode(value))
