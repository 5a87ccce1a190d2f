"""FileWrapper: `wsgi.file_wrapper`, by which an app hands over a file to send.

A plain file on disk goes out by its path, without passing through Python.
"""

from __future__ import annotations

import io
import os
import stat
from typing import Protocol, Self

BLOCK = 65_536


class Readable(Protocol):
    """What an app may wrap."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        ...


class FileWrapper:
    """A file as an iterable of blocks. Closing it closes the file."""

    def __init__(self, filelike: Readable, block_size: int = BLOCK) -> None:
        self.filelike = filelike
        self._block_size = max(block_size, BLOCK)

    def __iter__(self) -> Self:
        # Itself, as wsgiref's does: who wraps the iterator closes the file through it.
        return self

    def __next__(self) -> bytes:
        if block := self.filelike.read(self._block_size):
            return block
        raise StopIteration

    def close(self) -> None:
        """Close the file, if it can be closed."""
        if (close := getattr(self.filelike, "close", None)) is not None:
            close()

    def on_disk(self) -> tuple[str, int] | None:
        """Return path and size of a file that can be sent whole by its path, else `None`.

        Only Python's own file objects count: others (`gzip.GzipFile`) have a
        `fileno` as well, and read something else than the file has. A path that
        meanwhile leads to another file does not count either.
        """
        file = self.filelike
        raw = file.raw if type(file) is io.BufferedReader else file
        if type(raw) is not io.FileIO or not isinstance(raw.name, str):
            return None
        try:
            opened, named = os.fstat(raw.fileno()), os.stat(raw.name)  # noqa: PTH116
            if file.tell() != 0:  # type: ignore[attr-defined]
                return None
        except OSError:
            return None
        if not stat.S_ISREG(opened.st_mode) or not os.path.samestat(opened, named):
            return None
        return os.path.abspath(raw.name), opened.st_size  # noqa: PTH100
