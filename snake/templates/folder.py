"""Folder: the files that templates may read, which are those below a root."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime

from jinja2 import TemplateNotFound, TemplateRuntimeError

from snake.core.folder import START
from snake.http.roots import join
from snake.templates.limits import check_size


class FileInfo:
    """What is known of a file."""

    __slots__ = ("isDir", "modTime", "mode", "name", "size")

    def __init__(self, name: str, info: os.stat_result) -> None:
        self.name = name
        self.size = info.st_size
        self.mode = stat.filemode(info.st_mode)
        self.modTime = datetime.fromtimestamp(info.st_mtime, UTC)
        self.isDir = stat.S_ISDIR(info.st_mode)


class Folder:
    """Files below one root; links are followed wherever they lead, as by `file_server`."""

    def __init__(self, root: str) -> None:
        self._root = root

    def _path(self, name: str) -> str:
        return START.path(join(self._root, str(name)))

    def read(self, name: str) -> str:
        """Return a file's text. Raises `TemplateNotFound`, and `TemplateRuntimeError`."""
        try:
            # It may be a FIFO, which must not block.
            fd = os.open(self._path(name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            raise TemplateNotFound(name, f"{name}: no such file") from None
        except OSError as error:
            raise TemplateRuntimeError(f"{name}: {error.strerror}") from None
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            os.close(fd)
            raise TemplateRuntimeError(f"{name}: not a file")
        with os.fdopen(fd, "rb") as file:
            check_size(info.st_size)
            return file.read().decode("utf-8", "surrogateescape")

    def names(self, name: str) -> list[str]:
        """Return the names in a folder, sorted. Raises `TemplateRuntimeError`."""
        try:
            return sorted(os.listdir(self._path(name)))  # noqa: PTH208  (names, not paths)
        except OSError as error:
            raise TemplateRuntimeError(f"{name}: {error.strerror}") from None
        except ValueError:
            raise TemplateRuntimeError(f"{name}: no such folder") from None

    def exists(self, name: str) -> bool:
        """Tell whether there is a file or a folder of this name."""
        try:
            os.stat(self._path(name))  # noqa: PTH116  (a Path costs more than the call)
        except (OSError, ValueError):
            return False
        return True

    def info(self, name: str) -> FileInfo:
        """Return what is known of a file or a folder. Raises `TemplateRuntimeError`."""
        path = self._path(name)
        try:
            return FileInfo(os.path.basename(path), os.stat(path))  # noqa: PTH116, PTH119
        except (OSError, ValueError):
            raise TemplateRuntimeError(f"{name}: no such file") from None
