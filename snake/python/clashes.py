"""Clashes: keeps snake's own packages in order beside modules of an app that have their names.

A worker imports Hypercorn when the first client needs it. By then the app's
folder and venv come first in the path, and an app's `priority.py`, or its venv's
older `h11`, would be found in place of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

LATE = {
    "snake.transport.http2.websocket": (
        "h11",
        "h2",
        "hpack",
        "httpunk",
        "hypercorn",
        "hyperframe",
        "priority",
        "wsproto",
    ),
    "snake.transport.hypercorn": (
        "h11",
        "h2",
        "hpack",
        "hypercorn",
        "hyperframe",
        "priority",
        "wsproto",
    ),
}
"""Modules that a worker imports late, and what they bring with them that is not Python's own.

What a directive needs (Jinja for `templates`, zstandard for `encode`) is not among them: it is
imported when its part of the config is provisioned.
"""


EARLY = ("typing_extensions",)
"""What a worker has imported with the rest, and does not keep an app from having its own."""


def keep_ours(folders: Iterable[str]) -> None:
    """Import ours now if one of these folders, which will come first, has others of the name.

    They leave `sys.modules` again: what uses them has them, and the app imports its own.
    """
    before = sys.path.copy()
    first = [folder for folder in folders if not _is_home(folder)]
    rest = [entry for entry in before if entry and entry not in first]
    clashes = {name for folder in first for name in _clashes(folder, rest)}
    if not clashes:
        return
    late = [name for name in LATE if clashes & {*LATE[name], *sys.stdlib_module_names}]
    sys.path[:] = rest
    try:
        for module in late:
            with suppress(ImportError):  # it is missed again where it is used
                import_module(module)
    finally:
        sys.path[:] = before
    for module in list(sys.modules):
        if module.partition(".")[0] in clashes:
            del sys.modules[module]


def _is_home(folder: str) -> bool:
    """Whether snake's own packages come from this folder."""
    return PathFinder.find_spec("hypercorn", [folder]) == PathFinder.find_spec("hypercorn")


def _clashes(folder: str, rest: list[str]) -> Iterable[str]:
    """Name what a folder has in place of modules of ours that can be there twice."""
    ours = {*sum(LATE.values(), ()), *sys.stdlib_module_names}
    try:
        names = {path.name.partition(".")[0] for path in Path(folder).iterdir()}
    except OSError:
        return
    for name in ((ours - set(sys.modules)) | set(EARLY)) & names:
        theirs = PathFinder.find_spec(name, [folder])
        if theirs is None or theirs.origin is None:
            continue  # data, or a folder that is no package
        found = PathFinder.find_spec(name, rest)
        if found is None or not _is_same(theirs, found):
            yield name


def _is_same(one: ModuleSpec, other: ModuleSpec) -> bool:
    """Whether two places have one version of a distribution."""
    version = _version(one)
    return bool(version) and version == _version(other)


def _version(spec: ModuleSpec) -> str:
    """Return the name of the metadata folder beside a package, which holds its version."""
    packages = Path(spec.origin or "").parent
    if spec.submodule_search_locations is not None:
        packages = packages.parent
    return next((path.name for path in packages.glob(f"{spec.name}-*.dist-info")), "")
