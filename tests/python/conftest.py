"""What tests of embedded apps need: a process that is as it was before."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The current folder, an empty one. Path, environment and modules are put back after."""
    cwd, path, environ = Path.cwd(), sys.path.copy(), dict(os.environ)
    modules = set(sys.modules)
    os.chdir(tmp_path)
    os.environ.pop("VIRTUAL_ENV", None)
    yield tmp_path
    os.chdir(cwd)
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(environ)
    for name in set(sys.modules) - modules:
        del sys.modules[name]
