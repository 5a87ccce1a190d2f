"""Packages: what is installed in folders, told by the names in them. Nothing is imported."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from snake.core.record import Record

_METADATA = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-py[0-9.]+)?\.(?:dist|egg)-info")
_SEPARATORS = re.compile(r"[-_.]+")


class Installed(Record):
    """What some folders hold."""

    versions: Mapping[str, str]
    """The version of each distribution, by its normalised name (PEP 503)."""
    modules: frozenset[str]
    """The names that can be imported, folders without an `__init__.py` not among them."""


def look(folders: Iterable[str | Path]) -> Installed:
    """Read the names in these folders; of two versions of one distribution the first counts."""
    versions: dict[str, str] = {}
    modules: set[str] = set()
    for folder in folders:
        try:
            # A start waits for this, so it is not pathlib's.
            names = os.listdir(folder)  # noqa: PTH208
        except OSError:
            continue
        for name in names:
            if found := _METADATA.fullmatch(name):
                versions.setdefault(normal(found["name"]), found["version"])
            elif "." in name or os.path.isfile(f"{folder}/{name}/__init__.py"):  # noqa: PTH113
                modules.add(_module(name))
    return Installed(versions, frozenset(modules - {""}))


@cache
def ours() -> Installed:
    """Return what this process can import."""
    return look(path for path in sys.path if path.rstrip("/\\").endswith("-packages"))


def normal(name: str) -> str:
    """Return a distribution's name as `look` has it."""
    return _SEPARATORS.sub("-", name).lower()


def _module(name: str) -> str:
    """Return the module that a file is, or a folder; nothing if it is none."""
    module, _, suffix = name.partition(".")
    return module if not suffix or suffix.endswith(("py", "so", "pyd")) else ""
