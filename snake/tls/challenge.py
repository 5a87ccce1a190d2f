"""Challenge: what proves a name to an ACME authority, and the desk where it is asked for.

An issuer puts it on the desk before it tells the authority to look. The workers that the authority
connects to ask the supervisor, where the desk is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from snake.core.record import Record

HTTP01 = "http-01"
TLSALPN01 = "tls-alpn-01"
WELL_KNOWN = "/.well-known/acme-challenge/"
"""Where the answer of `http-01` is (RFC 8555 §8.3)."""
PKI_VALIDATION = "pki-validation"
"""The type of what ZeroSSL's API looks for, beside those of ACME: a file."""
PATHS = {HTTP01: WELL_KNOWN, PKI_VALIDATION: "/.well-known/pki-validation/"}
"""Where the answers are that any server of ours gives by HTTP, by type."""
ACME_TLS = "acme-tls/1"
"""The application protocol of `tls-alpn-01` (RFC 8737 §3)."""


class Challenge(Record):
    """A challenge that is being solved."""

    type: str
    name: str
    """The DNS name or IP address that is to be proved, in lower case."""
    token: str
    key_authorization: str
    """The token and the thumbprint of the account's key (RFC 8555 §8.1); or what is in a file."""


class Elsewhere(Protocol):
    """Finds challenges that were begun on another machine with the same storage."""

    async def find(self, name: str) -> Challenge | None:
        """Return the challenge for a name."""
        ...


class Desk:
    """The challenges that are being solved now. One for each supervisor."""

    def __init__(self) -> None:
        self._here: dict[tuple[str, str], Challenge] = {}
        self._elsewhere: tuple[Elsewhere, ...] = ()

    @contextmanager
    def solving(self, challenge: Challenge) -> Iterator[None]:
        """Answer a challenge as long as this is open."""
        place = (challenge.type, challenge.name)
        self._here[place] = challenge
        try:
            yield
        finally:
            if self._here.get(place) is challenge:
                del self._here[place]

    def look_elsewhere(self, places: tuple[Elsewhere, ...]) -> None:
        """From now on, look here for what was not begun on this machine."""
        self._elsewhere = places

    async def find(self, type: str, name: str) -> Challenge | None:
        """Return the challenge of a type for a name, if one is being solved."""
        found = self._here.get((type, name))
        if found is not None:
            return found
        for place in self._elsewhere:
            found = await place.find(name)
            if found is not None and found.type == type:
                return found
        return None
