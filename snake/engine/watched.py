"""Watched: the files whose change is a change of an app, and the folders that they are in.

An app's own folder, the projects that its venv has in editable form, and its `env_file`s;
wherever a link to a folder leads, that as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote, urlsplit

from snake.core.record import Record

SUFFIXES = (".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".mo")
"""Code, templates and compiled translations: what a process reads once. Not what apps write."""
IGNORED = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env"})
"""Names of folders with code that nobody edits. Those with a dot in front are ignored as well."""
MOST_FOLDERS = 64
"""Folders that are watched one by one; of more, each root is watched with all that is in it."""
_DEEPEST = 64
"""Folders inside of each other that are looked into."""

Key = tuple[int, int]
"""Device and inode: what a folder is, whatever it is called."""


class Plan(Record):
    """What is to be watched now."""

    watches: Mapping[str, tuple[bool, Key]]
    """For each folder, whether all below it is meant as well; and which folder that is."""
    roots: tuple[str, ...] = ()
    """The folders below which files count, links followed."""
    holders: frozenset[str] = frozenset()
    """The folders that have such files."""
    links: Mapping[str, str] = {}
    """Links to folders, and where they lead."""


class Watched:
    """The files of one app. `ignore` are patterns of names, or with a slash of paths."""

    def __init__(
        self, folders: Iterable[Path], files: Iterable[Path] = (), ignore: Iterable[str] = ()
    ) -> None:
        self._folders = tuple(dict.fromkeys(os.path.abspath(folder) for folder in folders))
        self._files = frozenset(os.path.realpath(file) for file in files)
        self._ignore = tuple(pattern.rstrip("/") for pattern in ignore)

    def wants(self, path: str, plan: Plan) -> bool:
        """Whether a change of this file counts."""
        if path in self._files:
            return True
        return path.endswith(SUFFIXES) and not self._is_ignored(path, plan.roots)

    def covers(self, folder: str, plan: Plan) -> bool:
        """Whether files in this folder may count."""
        return not self._is_ignored(folder, plan.roots)

    def _is_ignored(self, path: str, roots: Iterable[str]) -> bool:
        inside = [root for root in roots if path == root or path.startswith(root + os.sep)]
        if not inside:
            return True
        below = path[len(max(inside, key=len)) + 1 :]
        parts = below.split(os.sep) if below else []
        return any(
            self._ignores(part, os.sep.join(parts[: at + 1]), is_folder=at + 1 < len(parts))
            for at, part in enumerate(parts)
        )

    def _ignores(self, name: str, below: str, *, is_folder: bool) -> bool:
        if is_folder and (name in IGNORED or name.startswith(".")):
            return True
        return any(
            fnmatchcase(below if "/" in pattern else name, pattern) for pattern in self._ignore
        )

    def plan(self) -> Plan:
        """Look at what is there."""
        walk = _Walk(self)
        for folder in self._folders:
            walk.add(os.path.realpath(folder))
        for file in self._files:
            walk.add_alone(os.path.dirname(file))
        while walk.waiting:
            walk.add(walk.waiting.pop())
        watches = walk.watches if len(walk.watches) <= MOST_FOLDERS else walk.whole
        return Plan(
            watches=watches,
            roots=tuple(walk.whole),
            holders=frozenset(walk.holders),
            links=walk.links,
        )

    def identity(self) -> dict[str, Key | None]:
        """Return which folders the app's own are now; `None` for one that is not there."""
        return {folder: _key(folder) for folder in self._folders}


class _Walk:
    """One look at all folders."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._seen: set[Key] = set()
        self.watches: dict[str, tuple[bool, Key]] = {}
        self.whole: dict[str, tuple[bool, Key]] = {}
        self.holders: set[str] = set()
        self.links: dict[str, str] = {}
        self.waiting: list[str] = []
        """Where links lead that were met."""

    def add_alone(self, folder: str) -> None:
        """Watch a folder, and nothing below it."""
        if (key := _key(folder)) is not None:
            self.watches.setdefault(folder, (False, key))

    def add(self, root: str) -> None:
        """Watch a folder and all that counts below it."""
        key = _key(root)
        if key is None or key in self._seen:
            return
        self.whole[root] = (True, key)
        found, _ = self._look(root, key, "", 0)
        self.watches.update(found)

    def _look(
        self, folder: str, key: Key, below: str, depth: int
    ) -> tuple[dict[str, tuple[bool, Key]], bool]:
        """Return what to watch for a folder, and whether that is one watch for all of it."""
        self._seen.add(key)
        found: dict[str, tuple[bool, Key]] = {}
        whole = depth < _DEEPEST
        for entry in _entries(folder):
            path, inside = entry.path, f"{below}{entry.name}"
            if entry.name.endswith(SUFFIXES):
                self.holders.add(folder)
            if entry.name == "__pycache__" or not os.path.isdir(path):
                continue
            if self._watched._ignores(entry.name, inside, is_folder=True):  # noqa: SLF001
                whole = False
            elif entry.is_symlink():
                self.links[path] = os.path.realpath(path)
                self.waiting.append(self.links[path])
            elif (own := _key(path)) is not None and own not in self._seen and depth < _DEEPEST:
                more, all_of_it = self._look(path, own, f"{inside}/", depth + 1)
                found.update(more)
                whole = whole and all_of_it
        if whole:
            return {folder: (True, key)}, True
        return {folder: (False, key), **found}, False


def _key(folder: str) -> Key | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:  # it is gone, or none of ours
        return


def editable(packages: Path) -> Iterator[Path]:
    """Yield the folders that are installed in a folder of packages in editable form.

    They stand in `.pth` files (the `site` module), or in `direct_url.json` (PEP 610) where an
    installer has another way.
    """
    for file in sorted(packages.glob("*.pth")):
        for line in _lines(file):
            folder = packages / line.strip()
            if line.strip() and not line.startswith(("import ", "import\t", "#")):
                yield from [folder] if folder.is_dir() else []
    for file in sorted(packages.glob("*.dist-info/direct_url.json")):
        try:
            told = json.loads(file.read_bytes())
            if told["dir_info"].get("editable"):
                url = urlsplit(told["url"])
                yield from [Path(unquote(url.path))] if url.scheme == "file" else []
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
