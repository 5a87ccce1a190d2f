"""Real venvs for tests: other interpreters, and packages from PyPI in other versions than ours.

Each is built once for a run of all tests, however many processes run them.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def interpreter(version: str) -> str:
    """Return an interpreter, like `3.12`, of this machine. Skips the test if there is none."""
    pyenv = Path("~/.pyenv/versions").expanduser()
    found = shutil.which(f"python{version}")
    candidates = [*sorted(pyenv.glob(f"{version}.*/bin/python")), *([found] if found else [])]
    for path in map(str, candidates):
        asked = subprocess.run([path, "-V"], capture_output=True, text=True, check=False)
        if f"Python {version}." in asked.stdout + asked.stderr:
            return path
    pytest.skip(f"there is no Python {version} on this machine")


def empty(folder: Path, python: str = sys.executable) -> Path:
    """Make a venv that has nothing but the standard library; return its folder."""
    command = [python, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    return folder


def packages(venv: Path) -> Path:
    """Return where a venv has its packages."""
    return next(venv.glob("lib/python*/site-packages"))


def pretend(venv: Path, distribution: str, version: str, text: str = "") -> None:
    """Put a package into a venv that has a name, a version and one module."""
    name = distribution.replace("-", "_")
    (packages(venv) / f"{name}-{version}.dist-info").mkdir()
    (packages(venv) / f"{name}.py").write_text(text)


def venv_with(factory: pytest.TempPathFactory, *requirements: str) -> Path:
    """Return a venv that has these packages. Skips the test if they cannot be had."""
    key = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:12]
    shared = factory.getbasetemp()
    if shared.name.startswith("popen-"):  # one of several processes of pytest
        shared = shared.parent
    venv = shared / f"venv-{key}"
    with (shared / f"venv-{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (venv / "complete").exists():
            _build(venv, requirements)
    return venv


def _build(venv: Path, requirements: tuple[str, ...]) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=venv.parent) as folder:
        empty(Path(folder) / "made")
        (Path(folder) / "made").rename(venv)
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin/python"), "install", "-q"]
    command = [*pip, "--disable-pip-version-check", "--only-binary=:all:", *requirements]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        pytest.skip(f"{' '.join(requirements)} cannot be installed: {last}")
    (venv / "complete").touch()
