"""Consolidation: automation policies sorted from special to general, and joined.

The first policy that has a subject applies, so one without subjects, which applies
to all others, swallows only those that no other stands behind.
Source: https://caddyserver.com/docs/json/apps/tls/automation/policies/.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from snake.adapter.automation import INTERNAL, Policy
from snake.adapter.stable import stable_sorted
from snake.tls.subjects import patterns


def consolidate(policies: Sequence[Policy]) -> list[Policy]:
    """Return what is left of policies that are complete; nothing if they say nothing."""
    if all(policy.idle for policy in policies):
        return []
    entries = stable_sorted(list(map(_Entry, policies)), _before)
    return _Joining(_without_idle(entries)).run()


class _Entry:
    """A policy with what its subjects are looked up by."""

    __slots__ = ("_written", "issued", "names", "policy")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._written = set(policy.subjects)
        self.names = {subject.lower() for subject in policy.subjects}
        self.issued = set(map(policy.is_public, policy.subjects))

    @property
    def subjects(self) -> list[str]:
        """The policy's subjects."""
        return self.policy.subjects

    def add(self, subjects: Sequence[str]) -> list[str]:
        """Add subjects, and return the new ones."""
        new = [subject for subject in dict.fromkeys(subjects) if subject not in self._written]
        self.policy.subjects = [*self.policy.subjects, *new]
        self._written.update(new)
        self.names.update(subject.lower() for subject in new)
        self.issued.update(map(self.policy.is_public, new))
        return new

    def covers(self, other: _Entry) -> bool:
        """Whether every subject of the other is also one of this policy's."""
        if not self.subjects:
            return True
        if not other.subjects:
            return False
        return not any(self.names.isdisjoint(_patterns(subject)) for subject in other.subjects)

    @property
    def group(self) -> tuple[object, ...]:
        """What is the same in all that this may be joined with."""
        policy = self.policy
        internal = not policy.given or policy.given == [INTERNAL]
        return (policy.way, () if internal else tuple(map(bytes, policy.given)))

    def has_issuers_of(self, other: _Entry) -> bool:
        """Whether both get their certificates from the same, also where that is left open."""
        ours, theirs = self.policy, other.policy
        if ours.given != theirs.given:
            return self._uses_internal and other._uses_internal
        if ours.given:
            return True
        return not self.issued or not other.issued or self.issued == other.issued

    @property
    def _uses_internal(self) -> bool:
        """Whether the internal issuer issues for it without being set up."""
        policy = self.policy
        if policy.issuers:
            return False
        return policy.given == [INTERNAL] if policy.given else self.issued == {False}


_patterns = lru_cache(maxsize=1 << 16)(lambda subject: frozenset(patterns(subject)))


def _before(a: _Entry, b: _Entry) -> bool:
    if b.covers(a):
        return True
    return not a.covers(b) and len(a.subjects) > len(b.subjects)


class _Index:
    """Finds policies by their subjects."""

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self._entries = entries
        self._by_name: dict[str, list[int]] = {}
        for at, entry in enumerate(entries):
            self.add(at, entry.names or {""})

    def add(self, at: int, names: Iterable[str]) -> None:
        """Take down that a policy has these subjects as well."""
        for name in names:
            insort(self._by_name.setdefault(name, []), at)

    def covering(self, at: int, gone: Collection[int] = ()) -> int | None:
        """Return the next policy that covers the one at a place, if any does."""
        entry = self._entries[at]
        names = {"", *(_patterns(entry.subjects[0]) if entry.subjects else ())}
        found = (self._by_name.get(name, ()) for name in names)
        after = (place for places in found for place in places[bisect_right(places, at) :])
        covering = (
            place
            for place in sorted(set(after))
            if place not in gone and self._entries[place].covers(entry)
        )
        return next(covering, None)


def _without_idle(entries: Sequence[_Entry]) -> list[_Entry]:
    """Drop policies that say nothing, and that no other one would be overruled without."""
    index = _Index(entries)
    kept: list[_Entry] = []
    for at, entry in enumerate(entries):
        if entry.policy.idle:
            covering = index.covering(at)
            if at == len(entries) - 1 or (covering is not None and entries[covering].policy.plain):
                continue
        kept.append(entry)
    return kept


class _Joining:
    """Joins policies that do the same, each with those after it."""

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self._entries = entries
        self._index = _Index(entries)
        self._gone: set[int] = set()
        self._groups: dict[tuple[object, ...], list[int]] = {}
        for at, entry in enumerate(entries):
            self._groups.setdefault(entry.group, []).append(at)

    def run(self) -> list[Policy]:
        """Return what is left."""
        for at, entry in enumerate(self._entries):
            if at not in self._gone:
                self._join(at, self._groups[entry.group])
        return [e.policy for at, e in enumerate(self._entries) if at not in self._gone]

    def _join(self, at: int, group: list[int]) -> None:
        """Join what is in the group after a place; all of that again when one was the same."""
        again = True
        while again and at not in self._gone:
            group[:] = [place for place in group if place not in self._gone]
            again = any(self._joins(at, other) for other in group[bisect_right(group, at) :])

    def _joins(self, at: int, other: int) -> bool:
        """Drop one of two policies if one is enough; returns whether they were the same."""
        if at in self._gone:
            return False
        ours, theirs = self._entries[at], self._entries[other]
        if ours.subjects == theirs.subjects and ours.policy.whole_way == theirs.policy.whole_way:
            self._gone.add(other)
            return True
        if not ours.has_issuers_of(theirs):
            return False
        if theirs.subjects or not ours.subjects:
            self._index.add(at, ours.add(theirs.subjects))
            self._gone.add(other)
        elif self._index.covering(at, self._gone) == other:
            self._gone.add(at)
        return False
