"""Outcome: what was done to a store, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

from snake.core.record import Record
from snake.pki.trust.root import Root
from snake.pki.trust.store import Store
from snake.pki.trust.tool import Rights, TrustError


class Deed(StrEnum):
    """What became of a root in a store."""

    ADDED = "added"
    TRUSTED = "trusted already"
    REMOVED = "removed"
    ABSENT = "not there"
    SKIPPED = "skipped"
    FAILED = "failed"


class Outcome(Record):
    """What became of a root in one store."""

    store: str
    deed: Deed
    detail: str = ""
    """Where; or why not."""

    def __str__(self) -> str:
        return f"{self.store}: {self.deed}" + (f": {self.detail}" if self.detail else "")


def install(root: Root, stores: Iterable[Store], rights: Rights) -> list[Outcome]:
    """Have each store trust a root. It blocks, for seconds."""
    return [_guarded(_add, store, root, rights) for store in stores]


def uninstall(root: Root, stores: Iterable[Store], rights: Rights) -> list[Outcome]:
    """Have no store trust a root. It blocks, for seconds."""
    return [_guarded(_remove, store, root, rights) for store in stores]


Change = Callable[[Store, Root, Rights], Outcome]


def _guarded(change: Change, store: Store, root: Root, rights: Rights) -> Outcome:
    """Do something to a store that may not be there, and may not let it be done."""
    if why := store.missing():
        return Outcome(store.name, Deed.SKIPPED, why)
    try:
        return change(store, root, rights)
    except (TrustError, OSError) as error:
        return Outcome(store.name, Deed.FAILED, str(error))


def _add(store: Store, root: Root, rights: Rights) -> Outcome:
    if store.has(root):
        return Outcome(store.name, Deed.TRUSTED)
    return Outcome(store.name, Deed.ADDED, store.add(root, rights))


def _remove(store: Store, root: Root, rights: Rights) -> Outcome:
    place = store.remove(root, rights)
    return Outcome(store.name, Deed.REMOVED if place else Deed.ABSENT, place)
