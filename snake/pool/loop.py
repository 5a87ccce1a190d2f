"""The event loop of a pool's process: uvloop where the app or snake has one, else asyncio's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
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
    with suppress(ImportError):
        import uvloop  # noqa: PLC0415  (optional)

        return uvloop.new_event_loop
    if folder and abi and EXTENSION_SUFFIXES[0].startswith(f".{abi}."):
        with suppress(ImportError, OSError):
            found = _load(Path(folder))
            return found.new_event_loop  # type: ignore[no-any-return]
    return None


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
