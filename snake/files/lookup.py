"""Lookup: which of several files exists, for the `file` matcher and so for `try_files`.

Source: Caddy's `MatchFile`. Values of placeholders are never globs, whatever is
in them.
"""

from __future__ import annotations

import logging
import posixpath
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from snake.core.glob import MAGIC, compile_glob
from snake.files.content import Info
from snake.files.filesystem import FileSystem
from snake.http.errors import HandlerError
from snake.http.paths import ascii_lower
from snake.http.request import Request
from snake.http.roots import join, root_of
from snake.http.template import Fill, Template

log = logging.getLogger("snake.http.matchers.file")

POLICIES = (
    "first_exist",
    "first_exist_fallback",
    "smallest_size",
    "largest_size",
    "most_recently_modified",
)

_STATUS = re.compile(r"=([1-9]\d\d)")
_PLACEHOLDER = re.compile(r"(\{[^{}]+\})")


class Candidate(NamedTuple):
    """A file to try: its full name, which ends in a slash for a folder, and what was split off."""

    name: str
    remainder: str


Found = tuple[Candidate, bool]
"""The file chosen, and whether it is a folder."""


class Lookup:
    """A matcher: finds a file for a request and says so in `{http.matchers.file.*}`."""

    __slots__ = ("_choose", "_fallback", "_files", "_fs", "_root", "_splits")

    def __init__(
        self,
        fs: Callable[[Request], FileSystem | None],
        root: str,
        files: Sequence[str],
        policy: str,
        splits: Sequence[str],
    ) -> None:
        self._fs = fs
        self._root = root_of(root)
        self._files = [_Pattern(file) for file in files]
        self._splits = [ascii_lower(split) for split in splits]
        self._fallback = self._files[-1] if policy == "first_exist_fallback" else None
        self._choose: Callable[[Request, _Place], Found | None] = {
            "smallest_size": self._smallest,
            "largest_size": self._largest,
            "most_recently_modified": self._newest,
        }.get(policy, self._first)

    def __call__(self, request: Request) -> bool:
        """Match if a file was found. Raises `HandlerError` for an item like `=404`."""
        fs = self._fs(request)
        if fs is None:
            log.error("use of unregistered filesystem")
            return False
        root = self._root(request)
        found = self._choose(request, _Place(fs, root))
        if found is None:
            return False
        (name, remainder), is_folder = found
        relative = name if root == "." else name.removeprefix(root if root != "/" else "")
        request.set_value("http.matchers.file.relative", relative)
        request.set_value("http.matchers.file.absolute", name)
        request.set_value("http.matchers.file.remainder", remainder)
        request.set_value("http.matchers.file.type", "directory" if is_folder else "file")
        return True

    def _first(self, request: Request, place: _Place) -> Found | None:
        for pattern in self._files:
            if pattern.status:
                raise HandlerError(pattern.status, str(pattern.status))
            for candidate in self._candidates(pattern, request, place):
                info = place.stat(candidate.name)
                if info is None:
                    continue
                if pattern is self._fallback:
                    return candidate, False
                is_folder = stat.S_ISDIR(info.st_mode)
                if is_folder == candidate.name.endswith("/"):
                    return candidate, is_folder
        return None

    def _smallest(self, request: Request, place: _Place) -> Found | None:
        smallest: tuple[int, Found | None] = (0, None)
        for found, info in self._existing(request, place):
            if smallest[0] == 0 or info.st_size < smallest[0]:
                smallest = (info.st_size, found)
        return smallest[1]

    def _largest(self, request: Request, place: _Place) -> Found | None:
        largest: tuple[int, Found | None] = (0, None)
        for found, info in self._existing(request, place):
            if info.st_size > largest[0]:
                largest = (info.st_size, found)
        return largest[1]

    def _newest(self, request: Request, place: _Place) -> Found | None:
        newest: tuple[int, Found | None] = (-1, None)
        for found, info in self._existing(request, place):
            if info.st_mtime_ns > newest[0]:
                newest = (info.st_mtime_ns, found)
        return newest[1]

    def _existing(self, request: Request, place: _Place) -> Iterator[tuple[Found, Info]]:
        for pattern in self._files:
            for candidate in self._candidates(pattern, request, place):
                if info := place.stat(candidate.name):
                    yield (candidate, stat.S_ISDIR(info.st_mode)), info

    def _candidates(
        self, pattern: _Pattern, request: Request, place: _Place
    ) -> Iterator[Candidate]:
        path, remainder = self._split(posixpath.normpath(pattern.fill(request)))
        slash = "/" if pattern.is_folder else ""
        full = join(place.root, path)
        if not pattern.is_glob:
            yield Candidate(full + slash, remainder)
            return
        for name in place.glob(full):
            yield Candidate(name + slash, remainder)

    def _split(self, path: str) -> tuple[str, str]:
        """Split after the first delimiter that ends a segment."""
        lower = ascii_lower(path)
        for delimiter in self._splits:
            at = lower.find(delimiter) + len(delimiter)
            if at >= len(delimiter) and (at == len(path) or path[at] == "/"):
                return path[:at], path[at:]
        return path, ""


class _Place(NamedTuple):
    """Where the files of one request are looked for."""

    fs: FileSystem
    root: str

    def stat(self, name: str) -> Info | None:
        """Return what is known of a file, if there is one."""
        try:
            return self.fs.stat(name)
        except (OSError, ValueError):
            return None

    def glob(self, pattern: str) -> list[str]:
        """Return the files that match, sorted. Source: Go's `filepath.Glob`."""
        if not MAGIC.search(pattern):
            return [pattern] if self.stat(pattern) is not None else []
        folder, _, last = pattern.rpartition("/")
        matches = compile_glob(last).fullmatch
        found = []
        top = "/" if pattern.startswith("/") else "."
        for place in self.glob(folder) if folder else [folder]:
            try:
                names = sorted(entry.name for entry in self.fs.entries(place or top))
            except OSError:
                continue
            found += [
                f"{place}/{name}" if "/" in pattern else name for name in names if matches(name)
            ]
        return found


class _Pattern:
    """One file to try: literal text and placeholders, and whether the text has globs."""

    __slots__ = ("fill", "is_folder", "is_glob", "status")

    def __init__(self, text: str) -> None:
        status = _STATUS.fullmatch(text)
        self.status = int(status[1]) if status else 0
        self.is_folder = text.endswith("/")
        literal = "".join(_PLACEHOLDER.split(text)[::2])
        self.is_glob = MAGIC.search(literal) is not None
        self.fill: Fill = _escaping(text) if self.is_glob else Template(text).all


def _escaping(text: str) -> Fill:
    """Return how to fill a glob: what the placeholders stand for is taken literally."""
    pieces = _PLACEHOLDER.split(text)
    fills = [Template(piece).all for piece in pieces]

    def fill(request: Request) -> str:
        values = [piece(request) for piece in fills]
        values[1::2] = [MAGIC.sub(r"\\\g<0>", value) for value in values[1::2]]
        values[::2] = pieces[::2]
        return "".join(values)

    return fill
