"""What a provider of users and a kind of hash must be able to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from snake.core.modules import Context, Module
from snake.core.record import Record
from snake.http.request import Request
from snake.http.response import Header


class User(Record):
    """Who asks: `{http.auth.user.id}`, and one more placeholder for each of `metadata`."""

    id: str
    metadata: Mapping[str, str] = {}


class Challenge(Record):
    """That nobody was recognized, and the response headers (names in lower case) that say how."""

    headers: tuple[Header, ...] = ()
    candidate: User | None = None
    """Who it might be: `{http.auth.candidate.*}`."""


Verdict = User | Challenge
Authenticate = Callable[[Request], Verdict | Awaitable[Verdict]]
"""Recognizes the user of a request; at once where no work is needed for it."""


class ProviderModule(Module):
    """The base of modules in `http.authentication.providers`."""

    async def provision(self, ctx: Context) -> Authenticate:
        """Return what recognizes users."""
        authenticate: Authenticate = await super().provision(ctx)
        return authenticate


class PasswordHash(Protocol):
    """One kind of hash."""

    def fault(self, hashed: bytes) -> str:
        """Return what is wrong with a hash; nothing if it can be compared with."""
        ...

    def matches(self, hashed: bytes, password: bytes) -> bool:
        """Tell whether a hash without a fault is that of the password. It takes long."""
        ...

    def fake(self, like: bytes | None) -> bytes:
        """Return a hash of no password that takes as long to compare as `like`."""
        ...


class HashModule(Module):
    """The base of modules in `http.authentication.hashes`."""

    async def provision(self, ctx: Context) -> PasswordHash:
        """Return what compares passwords."""
        kind: PasswordHash = await super().provision(ctx)
        return kind
