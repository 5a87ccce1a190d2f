"""Counts: how often the API was asked, for its metrics. They outlive a change of its address."""

from __future__ import annotations

from collections import Counter

_METHODS = frozenset({
    "GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
})  # fmt: skip


class Counts:
    """How often endpoints were asked, by their patterns."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        """By pattern, method and status."""
        self.errors: Counter[tuple[str, str]] = Counter()
        """Those that were answered with an error; by pattern and method."""


def known(method: str) -> str:
    """Return a method as it is counted: clients cannot make names without end."""
    return method.upper() if method.upper() in _METHODS else "OTHER"
