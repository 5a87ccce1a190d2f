"""Account: who orders certificates (RFC 8555 §7.3), kept where certmagic keeps it.

There is one for each authority and email address. It is made once, by whoever has the storage's
lock, and found again by all who share that storage.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec

from snake.acme.client import Client
from snake.acme.key import AccountKeyError, Key
from snake.acme.problem import ACCOUNT_DOES_NOT_EXIST, UNAUTHORIZED, ProblemError
from snake.acme.resources import VALID, NonsenseError, Registration, read
from snake.core.errors import SnakeError
from snake.core.record import Record
from snake.storage import keys
from snake.storage.storage import MissingError, Storage

logger = logging.getLogger("snake.tls.issuance.acme")

Bound = Callable[[], Awaitable["External | None"]]
"""Returns the account elsewhere that a new one belongs to."""


class AccountError(SnakeError):
    """An account that cannot be used, and why; `lasting` until the configuration is another."""

    def __init__(self, message: str, *, lasting: bool = True) -> None:
        super().__init__(message)
        self.lasting = lasting


class External(Record):
    """An account that the authority has given out before (RFC 8555 §7.3.4)."""

    key_id: str
    mac_key: str


class Account(Record):
    """An account with an authority."""

    location: str
    """Its URL, which names it in every request."""
    key: Key
    contact: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        """The address that it is kept under; empty if it has none."""
        return self.contact[0].partition(":")[2] if self.contact else ""


class _Stored(Record, omit_defaults=True):
    """The file of an account, as certmagic writes it."""

    status: str = ""
    contact: tuple[str, ...] = ()
    agreed: bool = msgspec.field(default=False, name="termsOfServiceAgreed")
    orders: str = ""
    location: str = ""


class Accounts:
    """Finds or makes the account that certificates are ordered with."""

    def __init__(
        self, client: Client, storage: Storage, *, email: str, own_key: str, bound: Bound
    ) -> None:
        self._client = client
        self._storage = storage
        self._ca = keys.issuer_of(client.url)
        self.email = email.strip().lower()
        """The address that is configured; empty if none is."""
        self._own_key = own_key.strip()
        self._refusal: ProblemError | None = None
        """Of the last new account, if the authority has said when it may be asked again."""
        self._bound = bound

    async def get(self) -> Account:
        """Return the account. Raises `AccountError`, `StorageError`, or as `Client.post` does."""
        if self._own_key:
            return await self._with_own_key()
        found = await self._load(self.email or await self._most_recent())
        if found is not None and found.location:
            return found
        email = self.email
        async with self._storage.lock(f"register_acme_account{'_' if email else ''}{email}"):
            found = await self._load(email)
            if found is not None and found.location:
                return found
            return await self._register(email, Key.generate() if found is None else found.key)

    async def renew(self, account: Account) -> Account | None:
        """Return another account, if the authority says that it has this one no more.

        The one before is forgotten. Raises as `get` does.
        """
        if self._own_key or await self._is_good(account):
            return None
        logger.warning(
            "the account is not known to the authority any more; a new one is made",
            extra={"fields": {"ca": self._client.url, "account": account.location}},
        )
        for ending in ("json", "key"):
            with suppress(MissingError):
                await self._storage.delete(keys.account(self._ca, account.email, ending))
        return await self.get()

    async def _is_good(self, account: Account) -> bool:
        try:
            found = await self._look_up(account.key)
        except ProblemError as error:
            if error.kind in (ACCOUNT_DOES_NOT_EXIST, UNAUTHORIZED):
                return False
            raise
        return found.status == VALID and found.location == account.location

    async def _with_own_key(self) -> Account:
        try:
            key = Key.read(self._own_key)
        except AccountKeyError as error:
            raise AccountError(f"account_key: {error}") from None
        for email in (self.email,) if self.email else await self._emails():
            found = await self._load(email)
            if found and found.location and found.key.thumbprint == key.thumbprint:
                return found
        try:
            stored = await self._look_up(key)
        except ProblemError as error:
            lasting = error.kind == ACCOUNT_DOES_NOT_EXIST
            raise AccountError(
                f"no account has the key in account_key: {error}", lasting=lasting
            ) from None
        account = Account(stored.location, key, stored.contact)
        if self.email and self.email not in (each.partition(":")[2] for each in stored.contact):
            stored = await self._tell_contact(account)
        await self._save(stored, key)
        return Account(stored.location, key, stored.contact)

    async def _tell_contact(self, account: Account) -> _Stored:
        contact = _contact(self.email)
        answer = await self._client.post(
            account.location, {"contact": contact}, account.key, account.location
        )
        return _stored(read(answer, Registration), account.location)

    async def _look_up(self, key: Key) -> _Stored:
        """Return what the authority has under a key (RFC 8555 §7.3.1)."""
        directory = await self._client.directory()
        return await self._asked(directory.new_account, {"onlyReturnExisting": True}, key)

    async def _register(self, email: str, key: Key) -> Account:
        # Many names want this account at the same time, and one refusal is enough for all.
        refusal = self._refusal
        if refusal is not None and (refusal.retry_after or 0) > self._client.now():
            raise ProblemError(refusal.problem, self._client.url, refusal.retry_after)
        directory = await self._client.directory()
        payload: dict[str, Any] = {"termsOfServiceAgreed": True}
        if email:
            payload["contact"] = _contact(email)
        external = await self._bound()
        if external is not None:
            payload["externalAccountBinding"] = _binding(external, key, directory.new_account)
        elif directory.meta.external_account_required:
            raise AccountError(
                f"{self._client.url}: it takes only accounts that it has given out before; set "
                "eab <key_id> <mac_key> (in JSON external_account)"
            )
        try:
            stored = await self._asked(directory.new_account, payload, key)
        except ProblemError as error:
            self._refusal = error
            raise
        if not stored.contact and email:
            stored = msgspec.structs.replace(stored, contact=tuple(_contact(email)))
        await self._save(stored, key)
        logger.info(
            "new ACME account registered",
            extra={"fields": {"ca": self._client.url, "contact": list(stored.contact)}},
        )
        return Account(stored.location, key, stored.contact)

    async def _asked(self, url: str, payload: dict[str, Any], key: Key) -> _Stored:
        answer = await self._client.post(url, payload, key)
        location = answer.header("location")
        if not location:
            raise NonsenseError(f"{url}: it does not say where the account is")
        return _stored(read(answer, Registration), location)

    async def _load(self, email: str) -> Account | None:
        """Return the account that is stored; without a location, if it is not registered yet."""
        name = keys.account(self._ca, email, "json")
        try:
            text = await self._storage.load(name)
            pem = await self._storage.load(keys.account(self._ca, email, "key"))
        except MissingError:
            return None
        try:
            stored = msgspec.json.decode(text, type=_Stored)
            key = Key.read(pem.decode("utf-8", "replace"))
        except (msgspec.DecodeError, AccountKeyError) as error:
            raise AccountError(
                f"the stored account {name} cannot be read: {error}; move it away, with the key "
                "beside it, to get a new one"
            ) from None
        return Account(stored.location if stored.status else "", key, stored.contact)

    async def _save(self, stored: _Stored, key: Key) -> None:
        email = stored.contact[0].partition(":")[2] if stored.contact else ""
        text = json.dumps(msgspec.to_builtins(stored), indent="\t", ensure_ascii=False)
        # The key first: an account without one is as good as none, and is made again.
        await self._storage.store(keys.account(self._ca, email, "key"), key.pem.encode())
        await self._storage.store(keys.account(self._ca, email, "json"), text.encode())

    async def _emails(self) -> list[str]:
        """Return the addresses that there are accounts for; that of none is empty."""
        names = [name.rpartition("/")[2] for name in await self._folders()]
        return ["" if name == "default" else name for name in names]

    async def _most_recent(self) -> str:
        """Return the address of the account that was used last, as certmagic does."""
        newest, email = 0.0, ""
        for folder in await self._folders():
            with suppress(MissingError):
                info = await self._storage.stat(folder)
                if not info.is_terminal and info.modified >= newest:
                    name = folder.rpartition("/")[2]
                    newest, email = info.modified, "" if name == "default" else name
        return email

    async def _folders(self) -> list[str]:
        return await self._storage.list(keys.accounts(self._ca))


def _contact(email: str) -> list[str]:
    return [f"mailto:{email}"]


def _binding(external: External, key: Key, new_account: str) -> dict[str, Any]:
    try:
        return key.bound(external.key_id, external.mac_key, new_account)
    except AccountKeyError as error:
        raise AccountError(str(error)) from None


def _stored(found: Registration, location: str) -> _Stored:
    return _Stored(
        status=found.status,
        contact=found.contact,
        agreed=True,
        orders=found.orders,
        location=location,
    )
