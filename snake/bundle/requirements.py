"""Requirements: the packages of an app, as pip installs them for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from snake.bundle.layout import packages
from snake.core.errors import SnakeError, StartError
from snake.python.venv import OURS, site_packages

REQUIREMENTS = "requirements.txt"
PROJECT = "pyproject.toml"


def requirements(app: Path) -> list[str]:
    """Return the arguments of pip that an app's own file stands for; none if it needs nothing.

    Raises `SnakeError` for a `pyproject.toml` that is wrong, or does not say it.
    """
    if (app / REQUIREMENTS).is_file():
        return ["--requirement", str(app / REQUIREMENTS)]
    file = app / PROJECT
    if not file.is_file():
        return []
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SnakeError(f"{PROJECT}: {error}") from None
    project = document.get("project", {})
    is_elsewhere = "dependencies" in project.get("dynamic", ()) or "poetry" in document.get(
        "tool", {}
    )
    given = project.get("dependencies", None if is_elsewhere else [])
    if given is None:
        raise SnakeError(
            f"{PROJECT} does not name the app's packages in project.dependencies; "
            f"put a {REQUIREMENTS} beside it"
        )
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise SnakeError(f"{PROJECT}: project.dependencies takes a list of texts")
    return list(given)


def install(wanted: Sequence[str], app: Path, venv: Path) -> None:
    """Have pip install packages into a venv without a Python. Raises `SnakeError`."""
    if not wanted:
        return
    if find_spec("pip") is None:
        raise SnakeError(f"the Python of snake, {sys.executable}, has no pip: {_ENSURE}")
    target = packages(venv)
    command = [sys.executable, "-P", "-m", "pip", "install", "--target", str(target)]
    command += ["--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    # An installation for one user, or with a prefix, goes with no target.
    environment = {k: v for k, v in os.environ.items() if k not in ("PIP_USER", "PIP_PREFIX")}
    # Paths in a requirements.txt are the app's.
    done = subprocess.run(  # noqa: S603  (as the user says)
        [*command, *wanted], cwd=app, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.strip()][-_LINES:]
        raise SnakeError("pip cannot install the app's packages:\n" + "\n".join(told))
    shutil.rmtree(target / "bin", ignore_errors=True)
    configure(venv)


def adopt(given: Path, venv: Path) -> None:
    """Copy the packages of a virtual environment, or of a folder of packages. Raises `SnakeError`.

    A venv of another Python is refused.
    """
    if not given.is_dir():
        raise SnakeError(f'--venv takes a folder; there is none at "{given}"')
    try:
        folders = site_packages(given) if (given / "pyvenv.cfg").is_file() else [str(given)]
    except StartError as error:
        raise SnakeError(error.message) from None
    if folders == [str(given)] and not any(given.glob("*.dist-info")):
        raise SnakeError(f'--venv: "{given}" is neither a venv nor a folder of packages')
    for folder in folders:
        ignored = shutil.ignore_patterns("__pycache__", "pip", "pip-*.dist-info")
        shutil.copytree(folder, packages(venv), ignore=ignored, dirs_exist_ok=True)
    configure(venv)


def configure(venv: Path) -> None:
    """Make a venv of a folder, as far as one can without a Python."""
    (venv / "pyvenv.cfg").write_text(
        f"home = .\ninclude-system-site-packages = false\nversion = {OURS}\n"
    )


_LINES = 12
"""Of what pip says, that are told: its last."""
_ENSURE = "make one with `python -m ensurepip`, or name a venv that has the packages with --venv"
