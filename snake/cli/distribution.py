"""Distribution: snake as it is installed, and the packages that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

NAME = "snake-server"
"""snake's name in a package index."""
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)[^;]*(;(?P<marker>.*))?")


def normal(name: str) -> str:
    """Return the name of a package as indexes compare it: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def version_of(name: str) -> str | None:
    """Return the version that is installed; `None` if none is."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def required(*names: str) -> dict[str, str]:
    """Return what these packages need to run, by name, with the versions that are installed.

    What their packages need is in it, as far as it is there; extras that nobody has asked for are
    not. They come by the alphabet.
    """
    found: dict[str, str] = {}
    waiting = list(names)
    seen = {normal(name) for name in names}
    while waiting:
        for needed in _needed_by(waiting.pop()):
            version = version_of(needed)
            if normal(needed) not in seen and version is not None:
                found[normal(needed)] = version
                waiting.append(needed)
            seen.add(normal(needed))
    return dict(sorted(found.items()))


def plugins() -> dict[str, str]:
    """Return the packages that add modules or directives to snake, with their versions."""
    found = {}
    for group in ("snake.modules", "snake.directives"):
        for point in metadata.entry_points(group=group):
            if point.dist is not None and normal(point.dist.name) != NAME:
                found[normal(point.dist.name)] = point.dist.version
    return dict(sorted(found.items()))


def _needed_by(name: str) -> Iterator[str]:
    try:
        lines = metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        return
    for line in lines:
        match = _REQUIREMENT.fullmatch(line)
        # What a marker leaves out on this machine is not installed, and so not listed either.
        if match and "extra ==" not in (match["marker"] or ""):
            yield match["name"]
