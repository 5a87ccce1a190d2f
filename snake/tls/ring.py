"""Ring: the certificates that a worker's event loop has, by name.

The supervisor obtains them. It gives every worker all that there are, and later what is new
(`Update`); what may still come while a client waits, is asked for (`seek`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from snake.core.record import Record
from snake.tls.certificate import Certificate
from snake.tls.challenge import HTTP01, TLSALPN01, Challenge
from snake.tls.hello import Hello
from snake.tls.subjects import patterns

CERTIFICATE = "certificate"
"""What is sought, beside the challenges of `HTTP01` and `TLSALPN01`."""
ANY = "*"
"""The subject of a policy that has certificates for any name, when they are asked for."""
REFUSED = 5.0
"""Seconds for which a worker need not ask again for what there is not."""
_PATIENCE = 180.0
"""Seconds after which a client waits no longer (certmagic: for obtaining a certificate)."""
_MOST_WAITING = 1000
"""Names that are waited for at once; for more there is no certificate."""
_MOST_REFUSED = 10_000
"""Names that are remembered as refused; beyond it they are forgotten, all at once."""

T = TypeVar("T")


class Visitor(Record):
    """Who waits for a certificate."""

    client: str = ""
    """The IP address that it has; empty behind a Unix socket."""
    server: str = ""
    """The IP address that it came to."""
    hello: Hello = Hello()


NOBODY = Visitor()

Ask = Callable[[str, str, Visitor], None]
"""Asks the supervisor for something of a kind, by name."""


class Update(Record):
    """What the supervisor tells of its certificates."""

    certificates: tuple[Certificate, ...] = ()
    """Those that are new."""
    gone: tuple[str, ...] = ()
    """Fingerprints of those that are no longer used."""
    asks: tuple[str, ...] | None = None
    """Subjects of which a certificate may come when it is asked for; `None`: as before."""


class Found(Record):
    """What the supervisor answers to what was sought: one of these, or nothing."""

    certificate: Certificate | None = None
    challenge: Challenge | None = None
    seconds: float = 0
    """For how long it need not be asked again; a certificate with 0 is kept until it is gone."""


class Ring:
    """Certificates by name, and what is being waited for."""

    def __init__(self, ask: Ask | None = None) -> None:
        self._ask = ask
        self._by_name: dict[str, tuple[Certificate, ...]] = {}
        self._by_fingerprint: dict[str, Certificate] = {}
        self._asks: frozenset[str] = frozenset()
        self._waiting: dict[tuple[str, str], asyncio.Future[Found]] = {}
        self._refused: dict[tuple[str, str], float] = {}
        self.changes = 0
        """Grows whenever certificates come or go."""

    def __iter__(self) -> Iterator[Certificate]:
        """Yield every certificate."""
        return iter(self._by_fingerprint.values())

    def update(self, update: Update) -> None:
        """Take what is new, drop what is gone."""
        for fingerprint in update.gone:
            self._drop(fingerprint)
        for certificate in update.certificates:
            self._add(certificate)
        if update.asks is not None:
            self._asks = frozenset(update.asks)
        self._refused.clear()
        self.changes += 1

    def _add(self, certificate: Certificate) -> None:
        self._drop(certificate.fingerprint)
        self._by_fingerprint[certificate.fingerprint] = certificate
        for name in certificate.names:
            self._by_name[name] = (*self._by_name.get(name, ()), certificate)

    def _drop(self, fingerprint: str) -> None:
        certificate = self._by_fingerprint.pop(fingerprint, None)
        for name in certificate.names if certificate is not None else ():
            found = self._by_name.pop(name, ())  # a name may stand in a certificate twice
            left = tuple(each for each in found if each.fingerprint != fingerprint)
            if left:
                self._by_name[name] = left

    def matching(self, name: str) -> tuple[Certificate, ...]:
        """Return the certificates for a name in lower case: exact ones, or of a wildcard."""
        found = self._by_name.get(name)
        if found is not None:
            return found
        for pattern in patterns(name):
            if pattern in self._by_name:
                return self._by_name[pattern]
        return ()

    def called(self, name: str) -> tuple[Certificate, ...]:
        """Return the certificates that bear exactly this name, or this wildcard."""
        return self._by_name.get(name, ())

    def may_come(self, name: str) -> bool:
        """Return whether a certificate for a name in lower case may come if it is sought."""
        asks = self._asks
        if not asks or not name:
            return False
        if ANY in asks or name in asks:
            return True
        return any(pattern in asks for pattern in patterns(name))

    async def seek(self, name: str, visitor: Visitor = NOBODY) -> Certificate | None:
        """Return the certificate for a name that may come, when it has come."""
        found = await self._sought(CERTIFICATE, name, visitor)
        certificate = found.certificate
        if certificate is not None and certificate.fingerprint not in self._by_fingerprint:
            self._add(certificate)
            self.changes += 1
            if found.seconds > 0:
                loop = asyncio.get_running_loop()
                loop.call_later(found.seconds, self._drop, certificate.fingerprint)
        return certificate

    async def seek_challenge(self, name: str) -> Challenge | None:
        """Return the challenge `tls-alpn-01` that is being solved for a name."""
        return (await self._sought(TLSALPN01, name, NOBODY)).challenge

    async def seek_token(self, name: str, type: str = HTTP01) -> Challenge | None:
        """Return the challenge of a type of `PATHS` that is being solved for a name."""
        return (await self._sought(type, name, NOBODY)).challenge

    async def _sought(self, kind: str, name: str, visitor: Visitor) -> Found:
        place = (kind, name)
        loop = asyncio.get_running_loop()
        if self._ask is None or self._refused.get(place, 0) > loop.time():
            return Found()
        waiting = self._waiting.get(place)
        if waiting is None:
            if len(self._waiting) >= _MOST_WAITING:
                return Found()
            waiting = self._waiting[place] = loop.create_future()
            self._ask(kind, name, visitor)
        try:
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.shield(waiting)
        except TimeoutError:
            self._waiting.pop(place, None)
            return Found()

    def answer(self, kind: str, name: str, found: Found) -> None:
        """Take what the supervisor answers."""
        place = (kind, name)
        if found.seconds > 0 and found.certificate is None:
            if len(self._refused) >= _MOST_REFUSED:
                self._refused.clear()
            self._refused[place] = asyncio.get_running_loop().time() + found.seconds
        waiting = self._waiting.pop(place, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(found)


def encode(value: msgspec.Struct) -> str:
    """Return an `Update` or a `Found` as it travels."""
    return msgspec.json.encode(value).decode()


def decode(text: str, kind: type[T]) -> T:
    """Return what has travelled."""
    return msgspec.json.decode(text, type=kind)
