"""Plugins, installed as pip installs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.server import ROOT


def install(example: str, folder: Path) -> dict[str, str]:
    """Install an example into a folder; return the environment in which it is installed."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [
            *pip,
            "--no-deps",
            "--no-build-isolation",
            "--target",
            folder,
            ROOT / "examples" / example,
        ],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
