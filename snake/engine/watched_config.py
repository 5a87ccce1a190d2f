"""Watched config: the files that a configuration is in, and the folders to watch for them.

Beside the file itself these are its imports. A path with wildcards stands for files that may
come. A file that is a link counts where it leads, too: Kubernetes changes a mounted folder by
one link.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase

from snake.caddyfile.glob import PatternError, find_files
from snake.engine.watched import Key, Plan

_WILD = frozenset("*?[\\")


class WatchedConfig:
    """Paths, some of them with wildcards, from the folder that the process is in."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(map(os.path.abspath, paths))
        self._real: frozenset[str] = frozenset()

    def add(self, paths: Iterable[str]) -> bool:
        """Take in more paths; tell whether any is new."""
        more = frozenset(map(os.path.abspath, paths)) - self._paths
        self._paths |= more
        return bool(more)

    def wants(self, path: str, plan: Plan) -> bool:
        """Whether a change of this file counts."""
        del plan
        return path in self._real or any(_means(known, path) for known in self._paths)

    def covers(self, folder: str, plan: Plan) -> bool:
        """Whether files in this folder may count, or this link to one."""
        if self.wants(folder, plan):
            return True
        return any(f"{known}/".startswith(f"{folder}/") or _is_wild(known) for known in self._paths)

    def plan(self) -> Plan:
        """Look at what is there."""
        watches: dict[str, tuple[bool, Key]] = {}
        links: dict[str, str] = {}
        real = set[str]()
        for file in self._files():
            target = os.path.realpath(file)
            real.add(target)
            if target != file:
                links[file] = target
        for folder in {*self._folders(), *map(os.path.dirname, real)}:
            if (key := _key(folder)) is not None:
                watches[folder] = False, key
        self._real = frozenset(real)
        return Plan(watches=watches, holders=frozenset(self._files()), links=links)

    def identity(self) -> dict[str, Key | None]:
        """Return which files these are now; `None` for one that is not there.

        Some file systems tell of no change that another machine has made.
        """
        return {file: _key(file) for file in [*self._files(), *self._paths]}

    def _files(self) -> list[str]:
        return [file for path in self._paths for file in _find(path)]

    def _folders(self) -> set[str]:
        """Return the folders in which files may come that count."""
        folders = set[str]()
        for path in self._paths:
            folder = os.path.dirname(path)
            while _is_wild(folder):
                folders.update(_find(folder))
                folder = os.path.dirname(folder)
            while not os.path.isdir(folder):
                folder = os.path.dirname(folder)
            folders.add(folder)
        return folders


def _find(path: str) -> list[str]:
    try:
        return find_files(path)
    except PatternError:
        return []


def _is_wild(path: str) -> bool:
    return not _WILD.isdisjoint(path)


def _means(pattern: str, path: str) -> bool:
    """Whether a path with wildcards means this one. What editors write beside it is hidden."""
    if not _is_wild(pattern):
        return pattern == path
    is_hidden = os.path.basename(path).startswith(".")
    return not is_hidden and fnmatchcase(path, pattern)


def _key(path: str) -> Key | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
