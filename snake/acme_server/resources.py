"""Resources: what the ACME server keeps, as it keeps it (RFC 8555 §7.1)."""

from __future__ import annotations

from typing import Any

import msgspec

PENDING, READY, VALID, INVALID = "pending", "ready", "valid", "invalid"
DEACTIVATED = "deactivated"
DNS, IP = "dns", "ip"


class Identifier(msgspec.Struct, frozen=True):
    """A name that is asked for: of the DNS, perhaps with a wildcard, or an IP address."""

    type: str
    value: str

    @property
    def is_wildcard(self) -> bool:
        """Whether it is for all names below another."""
        return self.value.startswith("*.")


class Account(msgspec.Struct):
    """A client."""

    id: str
    """The thumbprint of its key."""
    key: dict[str, Any]
    contact: list[str] = []
    status: str = VALID


class Challenge(msgspec.Struct, omit_defaults=True):
    """A way to prove a name."""

    type: str
    token: str
    status: str = PENDING
    validated: float = 0
    """When it was proved, in seconds since the epoch."""
    error: dict[str, Any] | None = None
    attempts: int = 0
    """How often a proof was looked for."""


class Authorization(msgspec.Struct):
    """What has been proved of one name."""

    identifier: Identifier
    challenges: list[Challenge]

    @property
    def status(self) -> str:
        """Valid with one challenge that is, and invalid with one that is not."""
        found = {each.status for each in self.challenges}
        return VALID if VALID in found else INVALID if INVALID in found else PENDING


class Order(msgspec.Struct):
    """A certificate that is asked for, with all that belongs to it: one value in the storage."""

    id: str
    account: str
    expires: float
    """When it must be done, in seconds since the epoch."""
    begin: float
    """When its certificate becomes valid."""
    end: float
    authorizations: list[Authorization]
    chain: str = ""
    """PEM, once it is issued."""
    serial: str = ""
    revoked: bool = False

    @property
    def identifiers(self) -> list[Identifier]:
        """All names, as they were asked for."""
        return [each.identifier for each in self.authorizations]

    def status(self, now: float) -> str:
        """Return how far it is."""
        if self.chain:
            return VALID
        found = [each.status for each in self.authorizations]
        if now > self.expires or INVALID in found:
            return INVALID
        return READY if all(each == VALID for each in found) else PENDING

    def is_over(self, now: float) -> bool:
        """Whether nobody needs it any more."""
        return now > max(self.expires, self.end if self.chain else 0)
