"""History: which types of challenge have succeeded here.

Which one gets through depends on what is in front of this machine, so it is found out: the first
order is by chance, later the type comes first that succeeded most often. Source: acmez.
"""

from __future__ import annotations

import random
from collections.abc import Iterable


class History:
    """How often challenges of each type were tried, and how often that succeeded."""

    def __init__(self) -> None:
        self._tried: dict[str, int] = {}
        self._succeeded: dict[str, int] = {}
        self._chance: dict[str, float] = {}

    def order(self, types: Iterable[str]) -> list[str]:
        """Return types in the order to try them in."""
        return sorted(types, key=self._rank)

    def _rank(self, type: str) -> tuple[float, float]:
        tried = self._tried.get(type, 0)
        ratio = self._succeeded.get(type, 0) / tried if tried else 1.0
        chance = self._chance.setdefault(type, random.random())  # noqa: S311  (no secret)
        return -ratio, chance

    def note(self, type: str, *, succeeded: bool) -> None:
        """Remember how an attempt ended."""
        self._tried[type] = self._tried.get(type, 0) + 1
        if succeeded:
            self._succeeded[type] = self._succeeded.get(type, 0) + 1
