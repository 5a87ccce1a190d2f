"""Remembered: credentials that have been checked, without the passwords in them.

What is kept is a hash under a key that is new in each process. The wrong ones have
a place of their own, so that a flood of them does not push out the right ones.
"""

from __future__ import annotations

from hashlib import blake2b
from hmac import compare_digest
from secrets import token_bytes

MOST_WRONG = 1000
"""How many wrong credentials are remembered (Caddy's cache holds as many of both)."""


class Remembered:
    """What is known of credentials, of one list of accounts."""

    def __init__(self) -> None:
        self._key = token_bytes(32)
        self._right: dict[str, bytes] = {}
        self._wrong: dict[bytes, None] = {}

    def digest(self, whole: bytes) -> bytes:
        """Return what stands for credentials here."""
        return blake2b(whole, digest_size=32, key=self._key).digest()

    def verdict(self, name: str, digest: bytes) -> bool | None:
        """Tell whether credentials are right; `None` if that is not known."""
        right = self._right.get(name)
        if right is not None and compare_digest(right, digest):
            return True
        return False if digest in self._wrong else None

    def keep(self, name: str, digest: bytes, *, right: bool) -> None:
        """Remember a verdict: the last right one of an account, and the last wrong ones."""
        if right:
            self._right[name] = digest
            return
        if len(self._wrong) >= MOST_WRONG:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[digest] = None
