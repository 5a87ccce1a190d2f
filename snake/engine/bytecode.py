"""Bytecode: what Python keeps of a module's last import, and may take for a newer one.

Python tells whether a `.pyc` is that of a source by the source's size and the second of its last
change (PEP 3147, PEP 552). So of two saves in one second that do not change the size, the second
would not be seen if the first was imported in between.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

_FOLDER = "__pycache__"


def forget(sources: Iterable[str]) -> None:
    """Remove the bytecode of modules, whichever Python made it, as far as that is possible."""
    for source in sources:
        folder, name = os.path.split(source)
        stem, extension = os.path.splitext(name)  # noqa: PTH122
        if extension == ".py":
            with suppress(OSError):
                _forget(os.path.join(folder, _FOLDER), f"{stem}.")  # noqa: PTH118


def _forget(folder: str, prefix: str) -> None:
    # An app may have put a link there, to a folder that is not its own.
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for name in os.listdir(at):  # noqa: PTH208  (a descriptor)
            if name.startswith(prefix) and name.endswith(".pyc"):
                os.unlink(name, dir_fd=at)
    finally:
        os.close(at)
