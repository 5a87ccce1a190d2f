"""Listing: what is in a folder, in the order and the part that was asked for.

Source: Caddy's `browseTemplateContext`, whose names its templates and JSON have.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import msgspec

from snake.files.filesystem import Entry

_NOT_ESCAPED = "/$&+,:;=@"
"""What stands as it is in a path (Go's `url.URL.String`), beside letters, digits and `-._~`."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799_000_000
"""The last microsecond that a `datetime` can be, since 1970."""
_DIRECTORIES_FIRST = -(1 << 31)
"""What the size of a folder counts for in an order by size."""


class Item(msgspec.Struct):
    """A file or folder. The name of a folder ends in a slash."""

    name: str
    size: int
    url: str
    modified_ns: int
    mode: int
    """As in Go's `fs.FileMode`."""
    is_dir: bool
    is_symlink: bool
    symlink_path: str = ""
    """Where a link leads, if that may be known."""

    @property
    def modified(self) -> datetime:
        """When it was changed, in UTC, as far as a `datetime` goes."""
        microseconds = min(max(self.modified_ns // 1000, 0), _LATEST)
        return _EPOCH + timedelta(microseconds=microseconds)


class Crumb(NamedTuple):
    """One step of the way to a folder."""

    link: str
    text: str


class Listing(msgspec.Struct):
    """A folder's items, and what can be said of all of them."""

    path: str
    """The path of the request, encoded and clean."""
    items: list[Item]
    modified_ns: int
    """When the folder or the latest of its items was changed."""
    num_dirs: int = 0
    num_files: int = 0
    total_file_size: int = 0
    """Bytes of all files; a link has its own size."""
    total_file_size_following_symlinks: int = 0
    sort: str = ""
    order: str = ""
    layout: str = ""
    limit: int = 0
    offset: int = 0
    step: int = 0
    """The limit that was asked for, whether there are as many items or not."""

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return unquote(self.path, errors="surrogateescape").rstrip("/").rpartition("/")[2] or "/"

    @property
    def can_go_up(self) -> bool:
        """Whether there is a folder above."""
        return len(self.path) > 1

    @property
    def breadcrumbs(self) -> list[Crumb]:
        """The folders from the top to this one, and how each is reached from here."""
        parts = self.path.rstrip("/").split("/")
        return [
            Crumb("../" * (len(parts) - 1 - at), unquote(part, errors="surrogateescape") or "/")
            for at, part in enumerate(parts)
        ]

    def arrange(self, sort: str, order: str) -> None:
        """Sort the items. An order that is none leaves them as they are."""
        self.sort, self.order = sort, order
        key = _KEYS.get(sort)
        if key is not None:
            self.items.sort(key=key, reverse=order == "desc")

    def cut(self, offset: int, limit: int) -> None:
        """Leave out the first items, and those after so many. What is out of range is ignored."""
        if 0 < offset <= len(self.items):
            self.items = self.items[offset:]
            self.offset = offset
        self.step = max(limit, 0)
        if 0 < limit <= len(self.items):
            self.items = self.items[:limit]
            self.limit = limit


_KEYS: dict[str, Callable[[Item], Any]] = {
    "name": lambda item: item.name.lower(),
    "namedirfirst": lambda item: (not item.is_dir, item.name.lower()),
    "size": lambda item: (
        (_DIRECTORIES_FIRST, item.name.lower()) if item.is_dir else (item.size, "")
    ),
    "time": attrgetter("modified_ns"),
}


def list_entries(path: str, modified_ns: int, entries: Iterable[Entry]) -> Listing:
    """Make a listing of what a file system gives."""
    listing = Listing(path, [], modified_ns)
    for entry in entries:
        info, target = entry.info, entry.target or entry.info
        listing.modified_ns = max(listing.modified_ns, info.st_mtime_ns)
        is_dir = stat.S_ISDIR(target.st_mode)
        if is_dir:
            listing.num_dirs += 1
        else:
            listing.num_files += 1
            listing.total_file_size += info.st_size
            listing.total_file_size_following_symlinks += target.st_size
        name = f"{entry.name}/" if is_dir else entry.name
        listing.items.append(
            Item(
                name=name,
                size=target.st_size,
                url=quote(f"./{name}", _NOT_ESCAPED, errors="surrogateescape"),
                modified_ns=info.st_mtime_ns,
                mode=go_mode(info.st_mode),
                is_dir=is_dir,
                is_symlink=stat.S_ISLNK(info.st_mode),
                symlink_path=entry.symlink_path,
            )
        )
    return listing


def go_mode(mode: int) -> int:
    """Return a mode with the bits of Go's `fs.FileMode`."""
    bits = _KINDS.get(stat.S_IFMT(mode), 0)
    for bit, theirs in _SPECIAL:
        if mode & bit:
            bits |= theirs
    return bits | stat.S_IMODE(mode) & 0o777


_KINDS = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
}
_SPECIAL = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))
