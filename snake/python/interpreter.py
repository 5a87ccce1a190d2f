"""Interpreter: which Python runs an app, and with which packages."""

from __future__ import annotations

import sys
from pathlib import Path

from snake.core.errors import StartError
from snake.core.record import Record
from snake.python.fields import PythonFields
from snake.python.venv import active_venv, interpreter, site_packages


class Interpreter(Record):
    """A Python, as the user named it."""

    path: str
    told: str
    """How a message calls it: `the python_path "x"`."""
    packages: tuple[str, ...] = ()
    """Folders of packages that it does not know itself."""


def interpreter_of(fields: PythonFields, cwd: Path) -> Interpreter:
    """Return the interpreter of an app, not started yet. Raises `StartError` when there is none."""
    venv = venv_of(fields, cwd)
    if is_in_image(fields):
        name = fields.python_path or "python3"
        return Interpreter(name, f'the Python of the image, "{name}",', _packages(venv))
    if fields.python_path:
        path = locate(fields.python_path, cwd)
        told = f'the python_path "{fields.python_path}"'
        if path is None or not path.exists():
            where = "does not exist" if "/" in fields.python_path else "is not in the PATH"
            raise StartError(f"{told} {where}")
        if path.is_dir():
            raise StartError(f"{told} is a folder; it takes an interpreter, like {path}/bin/python")
        return Interpreter(str(path), told, _packages(venv))
    if venv is not None:
        return Interpreter(str(interpreter(venv)), f'the venv "{venv}"')
    return Interpreter(sys.executable, f'the Python of snake, "{sys.executable}",')


def venv_of(fields: PythonFields, cwd: Path) -> Path | None:
    """Return the venv of an app: the one it names, else the active one if it names no Python."""
    if fields.venv_path:
        return cwd / fields.venv_path
    return None if fields.python_path or is_in_image(fields) else active_venv()


def locate(name: str, cwd: Path) -> Path | None:
    """Return where an interpreter is. A word without a slash is looked for as the shell does."""
    if "/" in name or "\\" in name:
        return cwd / name
    from shutil import which  # noqa: PLC0415  (slow, seldom needed)

    found = which(name)
    return Path(found) if found else None


def is_ours(name: str, cwd: Path) -> bool:
    """Whether an interpreter is the one that runs snake: this file, of this venv."""
    path, own = locate(name, cwd), Path(sys.executable)
    if path is None:
        return False
    same_folder = path.parent.resolve() == own.parent.resolve()
    return same_folder and path.resolve() == own.resolve()


def is_in_image(fields: PythonFields) -> bool:
    """Whether the interpreter is in a container's image, of which nothing is known here."""
    return fields.isolation is not None and fields.isolation.backend == "docker"


def _packages(venv: Path | None) -> tuple[str, ...]:
    """Return where a venv keeps its packages, for whatever Python it was made."""
    if venv is None:
        return ()
    found = [str(path) for path in sorted(venv.glob("lib/python3*/site-packages"))]
    return tuple(found or site_packages(venv))
