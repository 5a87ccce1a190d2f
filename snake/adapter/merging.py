"""Merging: connection policies that are for the same names, or do the same, made one.

Caddy compares every policy with every other, and begins again with one that another
was merged into. What it would find is looked up here.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

from snake.adapter.connection import Connection
from snake.caddyfile.errors import CaddyfileError
from snake.config.tls import ConnectionPolicy


def merge(policies: Sequence[Connection]) -> list[Connection]:
    """Return policies for different names, those for all names last. Raises `CaddyfileError`."""
    named = [policy for policy in policies if policy.names is not None]
    unnamed = [policy for policy in policies if policy.names is None]
    return _Merging([*named, *unnamed]).run()


class _Merging:
    def __init__(self, policies: Sequence[Connection]) -> None:
        self._policies = policies
        # The places after and before each that have not gone.
        self._next = list(range(1, len(policies) + 1))
        self._last = list(range(-1, len(policies)))
        self._gone: set[int] = set()
        self._places: dict[tuple[str, ...] | None, list[int]] = {}
        for at, policy in enumerate(policies):
            self._places.setdefault(policy.names, []).append(at)

    def run(self) -> list[Connection]:
        """Return what is left."""
        at = 0
        while at < len(self._policies):
            other = self._partner(at)
            if other is None or other < at:
                at = self._next[at]
        return [each for at, each in enumerate(self._policies) if at not in self._gone]

    def _partner(self, at: int) -> int | None:
        """Merge the first that can be into the policy at a place, and return where it was."""
        policy = self._policies[at]
        others = (place for place in self._places[policy.names] if place != at)
        other = next(others, None)
        after = self._next[at]
        if after < len(self._policies) and (other is None or after <= other):
            beside = self._policies[after]
            if policy.names and beside.names and policy.same_settings(beside):
                self._drop(after)
                if beside.names != policy.names:
                    self._rename(at, (*policy.names, *beside.names))
                return after
        if other is not None:
            _combine(policy, self._policies[other])
            self._drop(other)
        return other

    def _drop(self, at: int) -> None:
        self._gone.add(at)
        self._places[self._policies[at].names].remove(at)
        before, after = self._last[at], self._next[at]
        self._last[after] = before
        if before >= 0:
            self._next[before] = after

    def _rename(self, at: int, names: tuple[str, ...]) -> None:
        policy = self._policies[at]
        self._places[policy.names].remove(at)
        policy.names = names
        insort(self._places.setdefault(names, []), at)


_EXCLUSIVE = {
    "alpn": "ALPN",
    "cipher_suites": "cipher suites",
    "client_authentication": "client auth configuration",
    "curves": "curves",
    "default_sni": "default SNI",
    "fallback_sni": "fallback SNI",
    "protocol_min": "min protocol",
    "protocol_max": "max protocol",
}
"""Settings that two policies for the same names cannot both have, unless they are equal."""


def _combine(policy: Connection, other: Connection) -> None:
    """Add what another policy sets to one for the same names. Raises `CaddyfileError`."""
    ours, theirs = policy.settings, other.settings
    for name, what in _EXCLUSIVE.items():
        if _conflict(name, ours, theirs):
            message = f"two policies with same match criteria have conflicting {what}"
            token = other.token or policy.token
            raise token.error(message) if token else CaddyfileError(message, "Caddyfile", 1)
    empty = ConnectionPolicy()
    given = {
        name: getattr(theirs, name)
        for name in _EXCLUSIVE
        if getattr(ours, name) == getattr(empty, name)
    }
    policy.set(**given)
    if policy.tags is None:
        policy.tags = other.tags
    else:
        policy.tags += [tag for tag in other.tags or () if tag not in policy.tags]


def _conflict(name: str, ours: ConnectionPolicy, theirs: ConnectionPolicy) -> bool:
    mine, its = getattr(ours, name), getattr(theirs, name)
    if name == "client_authentication":
        # Of two that both ask for something the first counts; one alone is refused.
        return mine is None and its is not None
    return bool(mine and its) and mine != its
