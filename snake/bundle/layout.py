"""Layout: where things lie in a program, for who packs it and for the program itself.

Python's own modules are in PyInstaller's archive. All else are files, in the folders in which an
installation has them, so that snake and the app find in a program what they find anywhere.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

APP = "snake-app"
"""The folder of the app. The hyphen keeps anybody from importing it."""
VENV = "snake-venv"
"""A virtual environment with the app's packages, but no Python; none if it needs no packages."""
SETTINGS = "snake-program.json"
"""What the program is: a `Settings`. Not there if it is snake itself."""
START = "snake_program.py"
"""The script that the program starts with."""


def packages(root: Path) -> Path:
    """Return the folder of installed packages below a root, for this Python."""
    places = {"base": str(root), "platbase": str(root), "installed_base": str(root)}
    return Path(sysconfig.get_path("purelib", "venv", places))
