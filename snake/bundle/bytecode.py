"""Bytecode: compiled modules that stay valid wherever, and whenever, they are unpacked.

Python compiles a module again if its file is younger than it was. Each start of a program writes
the files anew, so their bytecode says that nobody is to look (PEP 552, unchecked).
"""

from __future__ import annotations

import compileall
from pathlib import Path
from py_compile import PycInvalidationMode


def compile_all(folder: Path, root: Path) -> None:
    """Compile every module in a folder; tracebacks name the files from `root` on.

    A file that is no Python of this version stays as it is: whoever imports it is told.
    """
    compileall.compile_dir(
        folder,
        quiet=2,
        stripdir=str(root),
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        workers=0,
    )
