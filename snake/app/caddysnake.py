"""`from caddysnake import cache` finds snake's cache in an app that snake runs.

What is found stands in for the package of that name even where that is installed: the real
one speaks commands of its own, without a token, and could not reach this cache. It comes
before the app's packages only while snake runs the app, and leaves a module of the app's
own with that name alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

NAME = "caddysnake"
FOLDER = Path(__file__).parents[1] / "cache" / NAME


class Finder:
    """Finds the module `caddysnake`, and nothing else. It is one of `sys.meta_path`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where ours is, unless the app has another of that name."""
        del path, target
        if name != NAME or _is_the_apps(PathFinder.find_spec(NAME)):
            return None
        file = str(FOLDER / "__init__.py")
        spec = ModuleSpec(NAME, SourceFileLoader(NAME, file), origin=file, is_package=True)
        spec.submodule_search_locations = [str(FOLDER)]
        spec.has_location = True
        return spec


def install() -> None:
    """Let this process find it."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


def _is_the_apps(found: ModuleSpec | None) -> bool:
    """Whether what was found is no package of Caddy Snake's."""
    if found is None:
        return False
    folders = found.submodule_search_locations or ()
    return not any((Path(folder) / "kv_cache.py").is_file() for folder in folders)
