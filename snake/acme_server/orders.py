"""Orders: from what a client asks for to its certificate (RFC 8555 §7.4, §7.5)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from snake.acme_server.jws import decoded
from snake.acme_server.ledger import Ledger
from snake.acme_server.proving import Prover, UnprovedError, types_for
from snake.acme_server.refused import RefusedError, malformed
from snake.acme_server.resources import (
    DNS,
    INVALID,
    IP,
    PENDING,
    READY,
    VALID,
    Account,
    Authorization,
    Challenge,
    Identifier,
    Order,
)
from snake.acme_server.rules import Rules, read_identifier
from snake.core.record import Record
from snake.pki.authority import Authority
from snake.pki.pair import PairError
from snake.storage.storage import StorageError
from snake.tls.issuer import IssueError

T = TypeVar("T")

_EXPIRES = 24 * 3600.0
"""Seconds in which an order must be done."""
_BACKDATED = 60.0
"""Seconds by which a certificate is valid before it is asked for: clocks differ."""
_SHORTEST, _LONGEST = 300.0, 365 * 24 * 3600.0
"""Seconds for which a client may want a certificate to be valid."""
_MOST_NAMES = 100
_SMALLEST_RSA = 2048
_AT_ONCE = 50
"""Challenges that one worker looks at, at once."""
_MOST_ATTEMPTS = 20
"""For one challenge: whoever is asked for proofs may not want to be."""


class _Asked(msgspec.Struct):
    type: str
    value: str


class _NewOrder(msgspec.Struct):
    identifiers: list[_Asked]
    notBefore: datetime | None = None  # noqa: N815  (the names are the RFC's)
    notAfter: datetime | None = None  # noqa: N815


class _Finalize(msgspec.Struct):
    csr: str


class Terms(Record):
    """By what terms an ACME server has certificates."""

    lifetime: float
    """Seconds."""
    challenges: tuple[str, ...] = ()
    """Those that are enabled; none: all."""
    sign_with_root: bool = False
    rules: Rules = Rules()


class Orders:
    """All orders of an ACME server."""

    def __init__(
        self,
        authority: Authority,
        ledger: Ledger,
        prover: Prover,
        terms: Terms,
        now: Callable[[], float],
    ) -> None:
        self._authority = authority
        self._ledger = ledger
        self._prover = prover
        self._terms = terms
        self._now = now
        self._attempts = 0

    async def make(self, account: Account, payload: bytes) -> Order:
        """Return a new order. Raises `RefusedError` and `StorageError`."""
        asked = read(payload, _NewOrder)
        if not 0 < len(asked.identifiers) <= _MOST_NAMES:
            raise malformed(f"an order has 1 to {_MOST_NAMES} identifiers")
        names = [read_identifier(each.type, each.value) for each in asked.identifiers]
        for name in names:
            self._terms.rules.check(name)
        now = float(int(self._now()))
        begin = asked.notBefore.timestamp() if asked.notBefore else now
        end = asked.notAfter.timestamp() if asked.notAfter else begin + self._terms.lifetime
        if not _SHORTEST <= end - begin <= _LONGEST:
            raise malformed("a certificate is valid for 5 minutes to 365 days")
        order = Order(
            id=secrets.token_urlsafe(16),
            account=account.id,
            expires=now + _EXPIRES,
            begin=begin if asked.notBefore else begin - _BACKDATED,
            end=end,
            authorizations=[self._authorization(name) for name in dict.fromkeys(names)],
        )
        await self._ledger.new_order(order)
        return order

    def _authorization(self, name: Identifier) -> Authorization:
        types = types_for(name, self._terms.challenges)
        if not types:
            raise RefusedError(
                "rejectedIdentifier", f"no challenge is enabled that could prove {name.value}"
            )
        token = secrets.token_urlsafe(24)
        return Authorization(name, [Challenge(type, token) for type in types])

    async def prove(self, account: Account, id: str, index: int, type: str) -> Order:
        """Return an order after an attempt to prove one of its names.

        Raises `RefusedError` and `StorageError`.
        """
        order = await self._ledger.order(account.id, id)
        identifier, challenge = _challenge(order, index, type)
        if challenge.status != PENDING or order.status(self._now()) != PENDING:
            return order
        failure = await self._attempt(
            type, identifier, challenge.token, f"{challenge.token}.{account.id}"
        )
        async with self._ledger.lock(id):
            order = await self._ledger.order(account.id, id)
            _, challenge = _challenge(order, index, type)
            if challenge.status == PENDING:
                challenge.attempts += 1
                if failure is None:
                    challenge.status, challenge.validated = VALID, self._now()
                elif failure.final or challenge.attempts >= _MOST_ATTEMPTS:
                    challenge.status = INVALID
                challenge.error = failure.document if failure else None
                await self._ledger.keep_order(order)
        return order

    async def _attempt(
        self, type: str, identifier: Identifier, token: str, authorization: str
    ) -> UnprovedError | None:
        """Look for a proof; return why there is none. Raises `RefusedError` when it is too busy."""
        if self._attempts >= _AT_ONCE:
            raise RefusedError("rateLimited", "too many challenges are being looked at", 503)
        self._attempts += 1
        try:
            await self._prover.prove(type, identifier, token, authorization)
        except UnprovedError as error:
            return error
        finally:
            self._attempts -= 1
        return None

    async def finalize(self, account: Account, id: str, payload: bytes) -> Order:
        """Return an order with its certificate. Raises `RefusedError` and `StorageError`."""
        data = decoded(read(payload, _Finalize).csr.rstrip("="))
        async with self._ledger.lock(id):
            order = await self._ledger.order(account.id, id)
            status = order.status(self._now())
            if status == VALID:
                return order
            if status != READY:
                raise RefusedError("orderNotReady", f"the order is {status}", 403)
            _check_request(data, order.identifiers)
            order.chain = await self._issue(data, order)
            leaf = x509.load_pem_x509_certificate(order.chain.encode())
            order.serial = f"{leaf.serial_number:x}"
            order.end = leaf.not_valid_after_utc.timestamp()
            await self._ledger.keep_order(order)
            return order

    async def _issue(self, data: bytes, order: Order) -> str:
        try:
            # Another process renews the intermediate; this one takes it over when it is due.
            await self._authority.maintain(self._now())
        except PairError as error:
            raise StorageError(str(error)) from None
        try:
            return await self._authority.issue(
                data,
                names=[each.value for each in order.identifiers],
                begin=order.begin,
                lifetime=order.end - order.begin,
                sign_with_root=self._terms.sign_with_root,
            )
        except IssueError as error:
            if error.lasting:
                raise RefusedError("badCSR", str(error)) from None
            raise StorageError(str(error)) from None


def read(payload: bytes, kind: type[T]) -> T:
    """Return what a client has sent. Raises `RefusedError`."""
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(f"the payload is not what is expected here: {error}") from None


def _challenge(order: Order, index: int, type: str) -> tuple[Identifier, Challenge]:
    if index < len(order.authorizations):
        found = order.authorizations[index]
        for challenge in found.challenges:
            if challenge.type == type:
                return found.identifier, challenge
    raise malformed("there is no such challenge", 404)


def _check_request(data: bytes, identifiers: list[Identifier]) -> None:
    """Refuse a signing request that is not for exactly the names of the order, or weak."""
    try:
        request = x509.load_der_x509_csr(data)
        key = request.public_key()
        asked = _names(request)
    except Exception as error:  # noqa: BLE001  (whatever the library does not like of it)
        raise RefusedError("badCSR", f"no signing request: {error}") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SMALLEST_RSA:
        raise RefusedError("badCSR", f"RSA keys have {_SMALLEST_RSA} bits or more")
    if asked != {each.value for each in identifiers}:
        raise RefusedError("badCSR", "the names of the request are not those of the order")


def _names(request: x509.CertificateSigningRequest) -> set[str]:
    """Return the names that a request is for, its common name among them. Raises `ValueError`."""
    found = {
        read_name(str(each.value))
        for each in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    }
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return found
    for each in names:
        if not isinstance(each, x509.DNSName | x509.IPAddress):
            raise ValueError("only names of the DNS and IP addresses are certified")  # noqa: TRY004
        found.add(str(each.value).lower())
    return found


def read_name(text: str) -> str:
    """Return a common name as an identifier has it."""
    try:
        return read_identifier(IP, text).value
    except RefusedError:
        return read_identifier(DNS, text).value
