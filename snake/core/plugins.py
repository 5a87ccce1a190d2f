"""Names that ship with snake, and behind them those that installed packages add.

Reading what is installed takes longer than most configurations do, so nobody
looks before a name is asked for that snake does not have. A name that snake
has is snake's: a package cannot take it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property


class Table(Mapping[str, str]):
    """From a name to the import path `package.module:object`.

    `standard` is what ships; `group` is the entry-point group of the rest.
    """

    def __init__(self, standard: Mapping[str, str], group: str = "") -> None:
        self.standard = standard
        self._group = group

    def __getitem__(self, name: str) -> str:
        path = self.standard.get(name)
        return self.plugins[name] if path is None else path

    def __contains__(self, name: object) -> bool:  # that of a Mapping has `__getitem__` fail
        return name in self.standard or name in self.plugins

    def __iter__(self) -> Iterator[str]:
        return iter({**self.standard, **self.plugins})

    def __len__(self) -> int:
        return len({**self.standard, **self.plugins})

    @cached_property
    def plugins(self) -> Mapping[str, str]:
        """What installed packages offer in the group."""
        if not self._group:
            return {}
        from importlib.metadata import entry_points  # noqa: PLC0415  (slow: only when needed)

        return {entry.name: entry.value for entry in entry_points(group=self._group)}


def installed(group: str) -> Iterator[tuple[str, str, str]]:
    """Yield the names that installed packages add to a group, with package and version."""
    from importlib.metadata import entry_points  # noqa: PLC0415  (slow: only when needed)

    for entry in entry_points(group=group):
        package = entry.dist
        yield entry.name, package.name if package else "", package.version if package else ""
