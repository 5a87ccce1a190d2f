"""Waiters: who waits for an element of a list, and who gets the next one.

First come, first served, whatever keys each waits for. An element goes to
one that can take it: a client that has gone away gets none, so none is lost with it.
"""

from __future__ import annotations

from collections.abc import Callable

from snake.cache.store import Store


class Waiter:
    """One client that waits, for the first of some lists to have an element."""

    def __init__(
        self,
        keys: list[bytes],
        deliver: Callable[[bytes, bytes], None],
        alive: Callable[[], bool],
        *,
        left: bool,
    ) -> None:
        self.keys = keys
        self.left = left
        self.deliver = deliver
        """Gives it a key and an element."""
        self.alive = alive
        """Asks whether its client is still there."""


class Waiters:
    """All that wait for the lists of one namespace."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_key: dict[bytes, dict[Waiter, None]] = {}

    def count(self, key: bytes) -> int:
        """Return how many wait for a list."""
        return len(self._by_key.get(key, ()))

    def add(self, waiter: Waiter) -> None:
        """Let one wait."""
        for key in waiter.keys:
            self._by_key.setdefault(key, {})[waiter] = None

    def remove(self, waiter: Waiter) -> None:
        """Let one wait no longer."""
        for key in waiter.keys:
            queue = self._by_key.get(key)
            if queue is not None:
                queue.pop(waiter, None)
                if not queue:
                    del self._by_key[key]

    def serve(self, key: bytes) -> None:
        """Give the elements of a list, to which some were added, to those that wait for them."""
        while (queue := self._by_key.get(key)) and self._store.elements(key):
            waiter = next(iter(queue))
            self.remove(waiter)
            if waiter.alive():
                item = self._store.pop(key, left=waiter.left)
                assert item is not None  # noqa: S101  (a list in a store is never empty)
                waiter.deliver(key, item)
