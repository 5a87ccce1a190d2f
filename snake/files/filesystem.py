"""File systems: where files come from. The disk is one; modules in `caddy.fs` are others.

Names have slashes. One that is not absolute begins where snake was started, or wherever another
file system begins.
"""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from snake.config.filesystems import FileSystems as Config
from snake.core.folder import START
from snake.core.modules import Context
from snake.files.content import READ, Content, FileContent, Info, StreamContent
from snake.http.request import Request
from snake.http.template import Template


class FileInfo(NamedTuple):
    """What a file system without `os.stat` tells of a file; the names are those of `os.stat`."""

    st_mode: int
    st_size: int
    st_mtime_ns: int


class Entry(NamedTuple):
    """A name in a folder, as the file system gives it."""

    name: str
    info: Info
    """Of a link itself."""
    target: Info | None = None
    """Of what a link leads to, if there is anything."""
    symlink_path: str = ""


class FileSystem(ABC):
    """What a module in `caddy.fs` provides. Every method may raise `OSError`."""

    @abstractmethod
    def stat(self, name: str) -> Info:
        """Return what is known of a file or folder; of what a link leads to."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Open a file, which can be read from any place in it. It is read in threads."""

    @abstractmethod
    def entries(self, name: str) -> Iterator[Entry]:
        """Yield what is in a folder, in whatever order."""

    def content(self, name: str) -> Content:
        """Open a regular file to be sent."""
        info = self.stat(name)
        if not stat.S_ISREG(info.st_mode):
            raise IsADirectoryError(name)
        return StreamContent(self.open(name), info)


class Disk(FileSystem):
    """The operating system's own."""

    def stat(self, name: str) -> os.stat_result:
        """Return what is known of a file or folder."""
        return os.stat(START.path(name))  # noqa: PTH116  # a Path costs more than the call

    def open(self, name: str) -> BinaryIO:
        """Open a file. What is neither that nor a folder is not there."""
        fd = os.open(START.path(name), READ)
        kind = os.fstat(fd).st_mode
        if not stat.S_ISREG(kind):
            os.close(fd)
            raise (IsADirectoryError if stat.S_ISDIR(kind) else FileNotFoundError)(name)
        return os.fdopen(fd, "rb")

    def entries(self, name: str) -> Iterator[Entry]:
        """Yield what is in a folder; not what is gone meanwhile."""
        with os.scandir(START.path(name)) as found:
            for each in found:
                try:
                    info = each.stat(follow_symlinks=False)
                except OSError:
                    continue
                yield _link(each, info) if each.is_symlink() else Entry(each.name, info)

    def content(self, name: str) -> Content:
        """Open a regular file to be sent."""
        return FileContent(START.path(name))


def _link(found: os.DirEntry[str], info: os.stat_result) -> Entry:
    try:
        target = found.stat()
    except OSError:  # it leads nowhere, or round in circles
        target = None
    try:
        path = os.readlink(found.path)  # noqa: PTH115  # a Path costs more than the call
    except OSError:
        path = ""
    return Entry(found.name, info, target, path)


DISK = Disk()


class FileSystems:
    """The file systems of a config, by name. The disk's is `default`, and no name."""

    def __init__(self) -> None:
        self._named: dict[str, FileSystem] = {"": DISK, "default": DISK}

    @classmethod
    async def provision(cls, ctx: Context, config: Config) -> FileSystems:
        """Load the file systems of a config; `ctx` is at the app. Raises `ConfigError`."""
        found = cls()
        for index, named in enumerate(config.filesystems):
            at = ctx.at("filesystems", index)
            if named.file_system is None:
                raise at.fail("a file system needs a backend: file_system")
            loaded = await at.at("file_system").load(
                named.file_system, namespace="caddy.fs", key="backend"
            )
            found.add(named.name, loaded)
        return found

    def add(self, name: str, found: FileSystem) -> None:
        """Give a file system a name, which then is its own."""
        self._named[name] = found

    def of(self, text: str) -> Callable[[Request], FileSystem | None]:
        """Return the file system for one request: `text` filled in, else the variable `fs`.

        There is none when the name is nobody's.
        """
        find = self._named.get
        if not text:
            return lambda request: find(str(request.variable("fs") or ""))
        fill = Template(text).all
        return lambda request: find(fill(request))
