"""Store: the contract of what keeps the roots that programs trust."""

from __future__ import annotations

from typing import Protocol

from snake.pki.trust.root import Root
from snake.pki.trust.tool import Rights


class Store(Protocol):
    """Where programs look for roots. All of it may take seconds, and blocks."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def missing(self) -> str:
        """Return why this store is not to be had here; empty if it is."""
        ...

    def has(self, root: Root) -> bool:
        """Return whether a root is trusted there. Raises `TrustError`."""
        ...

    def add(self, root: Root, rights: Rights) -> str:
        """Have a root trusted; return where it is, for people. Raises `TrustError`."""
        ...

    def remove(self, root: Root, rights: Rights) -> str:
        """Have a root trusted no more; return where it was, empty if nowhere.

        Raises `TrustError`.
        """
        ...
