"""Survey: the upstreams in a document, for who counts them without running a proxy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from snake.metrics.figures import Key

Totals = Mapping[Key, Sequence[float]]
_REQUESTS, _FAILS = 0, 1


class Surveyed(NamedTuple):
    """One upstream of one proxy."""

    dial: str
    """The address as it is written."""
    max_fails: int
    """The number of failures that makes it unhealthy; 0 when none are counted."""
    verdict: Key
    """The figures of its health, if it is checked."""

    def counted(self, totals: Totals) -> tuple[int, int]:
        """Return how many requests it is answering, and how many failures count still."""
        numbers = totals.get(("upstream", self.dial), (0.0, 0.0))
        return max(round(numbers[_REQUESTS]), 0), max(round(numbers[_FAILS]), 0)

    def is_healthy(self, totals: Totals) -> bool:
        """Whether neither its answers to checks nor those to requests speak against it."""
        if totals.get(self.verdict, (0.0,))[0] > 0:
            return False
        return not self.max_fails or self.counted(totals)[1] < self.max_fails


def upstreams(part: Any, path: str = "") -> Iterator[Surveyed]:  # noqa: ANN401  (any JSON)
    """Yield every upstream below a part of a document that is decoded JSON."""
    if isinstance(part, list):
        for index, each in enumerate(part):
            yield from upstreams(each, f"{path}/{index}")
    if not isinstance(part, dict):
        return
    if part.get("handler") == "reverse_proxy":
        yield from _of(part, path)
    for name, each in part.items():
        yield from upstreams(each, f"{path}/{name}" if path else name)


def _of(proxy: Mapping[str, Any], path: str) -> Iterator[Surveyed]:
    passive = (proxy.get("health_checks") or {}).get("passive")
    fails = (passive.get("max_fails") or 1) if passive else 0
    for index, each in enumerate(proxy.get("upstreams") or ()):
        key = ("health", f"{path}/health_checks/active", str(index))
        yield Surveyed(each.get("dial", ""), fails, key)
