"""START: the folder in which relative paths of a configuration begin.

It is the working directory, until an embedded app takes the process to its own
`working_dir`. A worker keeps it before that.
"""

from __future__ import annotations

import os


class Start:
    """A folder that is kept, or the working directory as long as none is."""

    __slots__ = ("_folder",)

    def __init__(self) -> None:
        self._folder = ""

    def keep(self) -> None:
        """Keep the present working directory."""
        self._folder = os.getcwd()  # noqa: PTH109  # only ever joined as text

    @property
    def folder(self) -> str:
        """The folder itself."""
        return self._folder or os.getcwd()  # noqa: PTH109  # as above

    def path(self, name: str) -> str:
        """Return a file name that means from anywhere what `name` means from this folder."""
        return f"{self._folder}/{name}" if self._folder and not name.startswith("/") else name


START = Start()
