"""Freeze: PyInstaller, which makes one file of a folder. It runs as a program of its own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from importlib.util import find_spec
from pathlib import Path

from snake.bundle import start
from snake.bundle.layout import START
from snake.core.errors import SnakeError

INSTALL = 'pip install "snake-server[build]"'
_SPEC = """\
from pathlib import Path
from snake.bundle import plan

work = Path({work!r})
root = work / "root"
found = Analysis(
    [str(work / {start!r})],
    binaries=plan.libraries(root) + plan.system_libraries(),
    datas=[(str(work / {build!r}), "."), (str(work / {start!r}), ".")],
    hiddenimports=plan.modules(),
    excludes=[*plan.WITHOUT, *plan.OTHERS],
)
found.scripts[:] = [each for each in found.scripts if not each[0].startswith("pyi_rth_")]
EXE(
    PYZ(found.pure),
    found.scripts,
    plan.outside(found.binaries, root, work / "thin"),
    found.datas,
    [({files!r}, str(work / {files!r}), "PKG")],
    name="program",
    console=True,
    upx=False,
)
"""


def check() -> None:
    """Check that there is what a program is made with. Raises `SnakeError`."""
    if find_spec("PyInstaller") is None:
        raise SnakeError(f"a program is packed by PyInstaller, which is not installed: {INSTALL}")
    if sys.platform == "linux" and not (shutil.which("objdump") and shutil.which("objcopy")):
        raise SnakeError(
            "PyInstaller needs objdump and objcopy, which are not there; "
            "on Debian and Ubuntu: apt install binutils"
        )
    is_shared = sysconfig.get_config_var("Py_ENABLE_SHARED") or sys.platform == "win32"
    if not is_shared and not sysconfig.get_config_var("PYTHONFRAMEWORK"):
        raise SnakeError(
            f"the Python of snake, {sys.executable}, has no shared library, which PyInstaller "
            "packs; use one that was built with --enable-shared, as those of Linux systems are"
        )


def freeze(work: Path, name: str) -> Path:
    """Pack the folder `root` in a folder to work in; return the program. Raises `SnakeError`."""
    shutil.copy(Path(start.__file__), work / START)
    digest = _pack(work / "root", work / start.FILES)
    (work / start.BUILD).write_text(json.dumps({"name": name, "digest": digest}))
    spec = work / "program.spec"
    text = _SPEC.format(work=str(work), start=START, build=start.BUILD, files=start.FILES)
    spec.write_text(text, "utf-8")
    command = [sys.executable, "-P", "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(work / "dist"), "--workpath", str(work / "build"), str(spec)]
    environment = dict(os.environ) | {
        "PYINSTALLER_CONFIG_DIR": str(work / "cache"),
        "PYINSTALLER_ZLIB_COMPRESSION_LEVEL": "6",  # 9 takes 4 s more for 0.7 %
    }
    done = subprocess.run(  # noqa: S603  (ours)
        command, cwd=work, env=environment, check=False, capture_output=True, text=True
    )
    program = work / "dist" / ("program.exe" if sys.platform == "win32" else "program")
    if done.returncode or not program.is_file():
        told = [line for line in done.stderr.splitlines() if line.strip()][-_LINES:]
        raise SnakeError("PyInstaller cannot pack the program:\n" + "\n".join(told))
    return program


def _pack(root: Path, target: Path) -> str:
    """Write a tar of a folder; return its digest."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(target, "w:gz", compresslevel=6) as archive:
        for path in sorted(root.iterdir()):
            archive.add(path, path.name, filter=plain)
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_LINES = 15
"""Of what PyInstaller says, that are told: its last."""
