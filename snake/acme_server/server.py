"""Server: the resources of ACME by their paths, and who may have them (RFC 8555 §6, §7)."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from snake.acme_server.jws import PublicKey, Signed
from snake.acme_server.ledger import Ledger
from snake.acme_server.links import (
    ACCOUNT,
    AUTHORIZATION,
    CERTIFICATE,
    CHALLENGE,
    DIRECTORY,
    FINALIZE,
    KEY_CHANGE,
    NEW_ACCOUNT,
    NEW_NONCE,
    NEW_ORDER,
    ORDER,
    ORDERS,
    REVOKE,
    Links,
)
from snake.acme_server.orders import Orders, read
from snake.acme_server.refused import RefusedError, malformed
from snake.acme_server.resources import DEACTIVATED, VALID, Account
from snake.acme_server.revocation import revoke
from snake.acme_server.views import (
    account_view,
    authorization_view,
    challenge_view,
    order_view,
)
from snake.core.record import Record
from snake.storage.storage import StorageError

log = logging.getLogger("snake.http.handlers.acme_server")

_JOSE = "application/jose+json"
_MOST_CONTACTS, _LONGEST_CONTACT = 10, 320


class Call(Record):
    """A request."""

    method: str
    path: tuple[str, ...]
    """What is below the path of the server: the authority and the resource."""
    url: str
    """What the client must have signed as its target."""
    links: Links
    media_type: str = ""
    body: bytes = b""


class Reply(Record):
    """An answer."""

    status: int
    value: Any = None
    """What is written as JSON."""
    text: bytes = b""
    media_type: str = "application/json"
    location: str = ""
    up: str = ""
    """The URL of what it belongs to."""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> bytes:
        """What is sent."""
        return self.text if self.value is None else msgspec.json.encode(self.value)


class _NewAccount(msgspec.Struct):
    contact: list[str] = []
    onlyReturnExisting: bool = False  # noqa: N815  (the names are the RFC's)


class _Update(msgspec.Struct):
    contact: list[str] = []
    status: str = ""


Operation = Callable[[Call, Account, bytes, tuple[str, ...]], Awaitable[Reply]]


class Server:
    """An ACME server for one authority."""

    def __init__(
        self, id: str, ledger: Ledger, orders: Orders, now: Callable[[], float] = time.time
    ) -> None:
        self._id = id
        self._ledger = ledger
        self._orders = orders
        self._now = now
        self._operations: Mapping[tuple[str, int], Operation] = {
            (NEW_ORDER, 0): self._new_order,
            (ACCOUNT, 1): self._account,
            (ACCOUNT, 2): self._orders_of,
            (ORDER, 1): self._order,
            (ORDER, 2): self._finalize,
            (AUTHORIZATION, 1): self._authorization,
            (CHALLENGE, 2): self._challenge,
            (CERTIFICATE, 1): self._certificate,
            (KEY_CHANGE, 0): self._no_key_change,
        }

    async def answer(self, call: Call) -> Reply:
        """Answer a request. Raises nothing that is not a bug."""
        try:
            if call.path[:1] != (self._id,) or len(call.path) < 2:  # noqa: PLR2004
                raise malformed("there is no such resource", 404)
            if call.method == "POST":
                return await self._with_nonce(call, await self._post(call))
            return await self._unsigned(call)
        except RefusedError as error:
            return await self._refusal(call, error)
        except StorageError as error:
            log.error("ACME server failed", extra={"fields": {"error": str(error)}})  # noqa: TRY400
            return await self._refusal(call, RefusedError("serverInternal", "try again later"))

    async def _unsigned(self, call: Call) -> Reply:
        resource, *ids = call.path[1:]
        if not ids and resource in _UNSIGNED:
            if call.method not in ("GET", "HEAD"):
                return _not_allowed("GET, HEAD")
            if resource == DIRECTORY:
                return Reply(200, call.links.directory)
            return await self._with_nonce(call, Reply(200 if call.method == "HEAD" else 204))
        if (resource, len(ids)) in self._operations or (not ids and resource in _BY_KEY):
            return _not_allowed("POST")
        raise malformed("there is no such resource", 404)

    async def _refusal(self, call: Call, error: RefusedError) -> Reply:
        reply = Reply(error.status, error.document, media_type="application/problem+json")
        if call.method != "POST":
            return reply
        try:
            return await self._with_nonce(call, reply)
        except StorageError:
            return reply

    async def _with_nonce(self, call: Call, reply: Reply) -> Reply:
        links = [(call.links.to(DIRECTORY), "index"), *([(reply.up, "up")] if reply.up else ())]
        fields = {
            "replay-nonce": await self._ledger.new_nonce(),
            "cache-control": "no-store",
            **({"location": reply.location} if reply.location else {}),
        }
        more = tuple(("link", f'<{url}>;rel="{kind}"') for url, kind in links)
        return msgspec.structs.replace(reply, headers=(*fields.items(), *more))

    async def _post(self, call: Call) -> Reply:
        if call.media_type != _JOSE:
            raise malformed(f"expected the content type {_JOSE}", 415)
        signed = Signed.read(call.body)
        await self._ledger.use_nonce(signed.header.nonce)
        if signed.header.url != call.url:
            raise malformed("the url of the JWS is not the one that was asked for")
        resource, ids = call.path[1], call.path[2:]
        if resource == NEW_ACCOUNT and not ids:
            return await self._new_account(call, signed)
        if resource == REVOKE and not ids:
            return await self._revoke(call, signed)
        operation = self._operations.get((resource, len(ids)))
        if operation is None:
            raise malformed("there is no such resource", 404)
        account, payload = await self._known(call, signed)
        return await operation(call, account, payload, ids)

    async def _known(self, call: Call, signed: Signed) -> tuple[Account, bytes]:
        """Return the account that has signed a request, and its payload."""
        if signed.header.kid is None:
            raise malformed("expected kid, the URL of the account")
        prefix = call.links.to(ACCOUNT, "")
        account = None
        if signed.header.kid.startswith(prefix):
            account = await self._ledger.account(signed.header.kid.removeprefix(prefix))
        if account is None:
            raise RefusedError("accountDoesNotExist", "there is no such account")
        payload = signed.verified(account.key)
        if account.status != VALID:
            raise RefusedError("unauthorized", "the account is not active")
        return account, payload

    async def _new_account(self, call: Call, signed: Signed) -> Reply:
        if signed.header.jwk is None:
            raise malformed("expected jwk, the key of the account")
        payload = signed.verified(signed.header.jwk)
        asked = read(payload, _NewAccount)
        key = PublicKey.read(signed.header.jwk)
        id = key.thumbprint
        location = call.links.to(ACCOUNT, id)
        account = await self._ledger.account(id)
        if account is not None:
            if account.status != VALID:
                raise RefusedError("unauthorized", "the account is not active")
            return Reply(200, account_view(account, call.links), location=location)
        if asked.onlyReturnExisting:
            raise RefusedError("accountDoesNotExist", "there is no such account")
        account = Account(id, key.jwk, _contacts(asked.contact))
        await self._ledger.keep_account(account, new=True)
        return Reply(201, account_view(account, call.links), location=location)

    async def _account(
        self, call: Call, account: Account, payload: bytes, ids: tuple[str, ...]
    ) -> Reply:
        if ids[0] != account.id:
            raise RefusedError("unauthorized", "this is another account")
        if payload:
            asked = read(payload, _Update)
            if asked.status not in ("", DEACTIVATED):
                raise malformed("an account can only be deactivated")
            if asked.status or asked.contact:
                account.status = asked.status or account.status
                account.contact = _contacts(asked.contact) or account.contact
                await self._ledger.keep_account(account)
        location = call.links.to(ACCOUNT, account.id)
        return Reply(200, account_view(account, call.links), location=location)

    async def _orders_of(
        self, call: Call, account: Account, payload: bytes, ids: tuple[str, ...]
    ) -> Reply:
        if ids != (account.id, ORDERS):
            raise RefusedError("unauthorized", "this is another account")
        _must_be_empty(payload)
        urls = [call.links.to(ORDER, id) for id in await self._ledger.orders(account.id)]
        return Reply(200, {"orders": urls})

    async def _new_order(
        self, call: Call, account: Account, payload: bytes, ids: tuple[str, ...]
    ) -> Reply:
        del ids
        order = await self._orders.make(account, payload)
        view = order_view(order, call.links, self._now())
        return Reply(201, view, location=call.links.to(ORDER, order.id))

    async def _order(
        self, call: Call, account: Account, payload: bytes, ids: tuple[str, ...]
    ) -> Reply:
        _must_be_empty(payload)
        order = await self._ledger.order(account.id, ids[0])
        view = order_view(order, call.links, self._now())
        return Reply(200, view, location=call.links.to(ORDER, order.id))

    async def _finalize(
        self, call: Call, account: Account, payload: bytes, ids: tuple[str, ...]
    ) -> Reply:
        if ids[1] != FINALIZE:
            raise malformed("there is no such resource", 404)
        order = await self._orders.finalize(account, ids[0], payload)
        view = order_view(order, call.links, self._now())
        return Reply(200, view, location=call.links.to(ORDER, order.id))

    async def _authorization(
        self, call: Call, account: Account, payload: bytes, ids: tuple[str, ...]
    ) -> Reply:
        _must_be_empty(payload)
        id, index = _index(ids[0])
        order = await self._ledger.order(account.id, id)
        if index >= len(order.authorizations):
            raise malformed("there is no such authorization", 404)
        return Reply(
            200,
            authorization_view(order, index, call.links),
            location=call.links.to(AUTHORIZATION, ids[0]),
        )

    async def _challenge(
        self, call: Call, account: Account, payload: bytes, ids: tuple[str, ...]
    ) -> Reply:
        id, index = _index(ids[0])
        if payload:
            order = await self._orders.prove(account, id, index, ids[1])
        else:
            order = await self._ledger.order(account.id, id)
        challenges = order.authorizations[index : index + 1]
        found = [each for one in challenges for each in one.challenges if each.type == ids[1]]
        if not found:
            raise malformed("there is no such challenge", 404)
        return Reply(
            200,
            challenge_view(found[0], ids[0], call.links),
            location=call.links.to(CHALLENGE, *ids),
            up=call.links.to(AUTHORIZATION, ids[0]),
        )

    async def _certificate(
        self, call: Call, account: Account, payload: bytes, ids: tuple[str, ...]
    ) -> Reply:
        del call
        _must_be_empty(payload)
        order = await self._ledger.order(account.id, ids[0])
        if not order.chain:
            raise malformed("there is no certificate yet", 404)
        text = order.chain.encode()
        return Reply(200, text=text, media_type="application/pem-certificate-chain")

    async def _no_key_change(
        self, call: Call, account: Account, payload: bytes, ids: tuple[str, ...]
    ) -> Reply:
        del call, account, payload, ids
        raise RefusedError("notImplemented", "the key of an account cannot be changed")

    async def _revoke(self, call: Call, signed: Signed) -> Reply:
        if signed.header.jwk is None:
            account, payload = await self._known(call, signed)
            await revoke(self._ledger, payload, account=account.id)
        else:
            payload = signed.verified(signed.header.jwk)
            key = PublicKey.read(signed.header.jwk)
            await revoke(self._ledger, payload, key=key.thumbprint)
        return Reply(200)


_UNSIGNED = (DIRECTORY, NEW_NONCE)
_BY_KEY = (NEW_ACCOUNT, REVOKE)
"""What may be signed by who has no account."""


def _not_allowed(methods: str) -> Reply:
    error = malformed(f"this is asked for by {methods}", 405)
    allow = (("allow", methods),)
    return Reply(405, error.document, media_type="application/problem+json", headers=allow)


def _must_be_empty(payload: bytes) -> None:
    """Refuse what is no POST-as-GET (RFC 8555 §6.3)."""
    if payload:
        raise malformed("expected an empty payload")


def _contacts(given: list[str]) -> list[str]:
    if len(given) > _MOST_CONTACTS or any(not 0 < len(each) <= _LONGEST_CONTACT for each in given):
        raise RefusedError("invalidContact", f"expected at most {_MOST_CONTACTS} URLs")
    return given


def _index(id: str) -> tuple[str, int]:
    """Return the order of an authorization, and its place there."""
    order, _, index = id.rpartition(".")
    if not (index.isascii() and index.isdigit() and len(index) <= 3):  # noqa: PLR2004
        raise malformed("there is no such authorization", 404)
    return order, int(index)
