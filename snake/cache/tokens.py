"""Tokens: who says one gets the namespace it was made for, and no other.

A token is the namespace and its HMAC with a secret that only the supervisor and the
cache know. So a new namespace needs no word to the cache, and a cache that was
started again knows all tokens.
"""

from __future__ import annotations

import hmac


class Tokens:
    """Makes tokens and reads them."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def grant(self, namespace: str) -> str:
        """Return the token of a namespace. It has the letters of a URL only."""
        name = namespace.encode().hex()
        return f"{name}.{self._mark(name)}"

    def namespace(self, token: str) -> str | None:
        """Return the namespace that a token is for; `None` if it is no token of ours.

        It takes the same time however much of a token is right.
        """
        name, _, mark = token.partition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(name).encode()):
            return None
        return bytes.fromhex(name).decode()

    def _mark(self, name: str) -> str:
        return hmac.new(self._secret.encode(), name.encode(), "sha256").hexdigest()
