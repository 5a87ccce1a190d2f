"""The event loop of a pool's process: uvloop where the app or snake has one, else asyncio's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES, PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

NONE = "-"
"""What stands in place of a folder where uvloop is not wanted."""


def loop_factory(folder: str, abi: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the loop; `None` for asyncio's own.

    The app's own uvloop goes first. `folder` is where snake's is, for interpreters of that
    `abi` alone; the app knows it only if it has none itself.
    """
    if folder == NONE:
        return None
    if (ready := _ready()) is not None:
        return ready.new_event_loop  # type: ignore[no-any-return]
    with suppress(ImportError):
        import uvloop  # noqa: PLC0415  (optional)

        return uvloop.new_event_loop
    if folder and abi and EXTENSION_SUFFIXES[0].startswith(f".{abi}."):
        with suppress(ImportError, OSError):
            found = _load(Path(folder))
            return found.new_event_loop  # type: ignore[no-any-return]
    return None


_PRELOADED: dict[str, ModuleType] = {}
"""Snake's uvloop and its parts, by name, where it was loaded before anybody knew the app."""


def preload(folder: str = "", abi: str = "") -> None:
    """Load snake's uvloop for forks of this process, which do not see it yet."""
    if folder and abi and EXTENSION_SUFFIXES[0].startswith(f".{abi}."):
        with suppress(ImportError, OSError):
            _load(Path(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "uvloop"]:
            _PRELOADED[name] = sys.modules.pop(name)


def _ready() -> ModuleType | None:
    """Return the uvloop that is loaded already, unless the app has one of its own."""
    loaded = _PRELOADED.get("uvloop")
    if loaded is None or "uvloop" in sys.modules:
        return None
    found = PathFinder.find_spec("uvloop", sys.path)
    if found is not None and found.origin != loaded.__file__:
        return None
    sys.modules.update(_PRELOADED)
    return loaded


def _load(folder: Path) -> ModuleType:
    spec = spec_from_file_location(
        "uvloop", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(folder)
    module = module_from_spec(spec)
    sys.modules["uvloop"] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules["uvloop"]
        raise
    return module
