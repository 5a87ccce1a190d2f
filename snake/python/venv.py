"""Venv: the packages of a virtual environment, for apps that run inside this process."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path

from snake.app.regular import read_regular
from snake.core.errors import StartError

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python that snake runs on, like `3.12`."""


def site_packages(venv: Path) -> list[str]:
    """Return the folders where a venv keeps its packages.

    Raises `StartError` for a folder that is no venv, or the venv of another Python.
    """
    if not venv.exists():
        raise StartError(f'the venv "{venv}" does not exist')
    settings = _settings(venv)
    version = _version(settings)
    if version and version != OURS:
        raise StartError(
            f'the venv "{venv}" is for Python {version}, and snake runs on Python {OURS}; '
            f"make the venv with Python {OURS}, or install snake with Python {version}"
        )
    places = {"base": str(venv), "platbase": str(venv), "installed_base": str(venv)}
    paths = [sysconfig.get_path(kind, "venv", places) for kind in ("purelib", "platlib")]
    if settings.get("include-system-site-packages") == "true":
        paths += [sysconfig.get_path(kind, vars={"base": sys.base_prefix}) for kind in ("purelib",)]
    found = [path for path in dict.fromkeys(paths) if Path(path).is_dir()]
    if not found:
        raise StartError(f'the venv "{venv}" has no packages for Python {OURS}: no {paths[0]}')
    return found


def is_for_another_python(venv: Path) -> bool:
    """Whether this Python cannot use the packages of a venv. A folder that is no venv is none."""
    try:
        version = _version(_settings(venv))
    except StartError:
        return False
    return bool(version) and version != OURS


def active_venv() -> Path | None:
    """Return the venv that the user's shell has activated, unless snake runs from it."""
    path = os.environ.get("VIRTUAL_ENV")
    if not path or Path(path).resolve() == Path(sys.prefix).resolve():
        return None
    try:
        _settings(Path(path))
    except StartError:
        return None
    return Path(path)


def interpreter(venv: Path) -> Path:
    """Return a venv's own Python. Raises `StartError`."""
    if not venv.exists():
        raise StartError(f'the venv "{venv}" does not exist')
    _settings(venv)
    names = ("Scripts/python.exe",) if sys.platform == "win32" else ("bin/python3", "bin/python")
    for path in (venv / name for name in names):
        if path.exists():
            return path
        if path.is_symlink():
            raise StartError(
                f'the venv "{venv}" is broken: its {path.name} leads to {path.readlink()}, which '
                "does not exist; make the venv again"
            )
    raise StartError(f'the venv "{venv}" has no Python: no {venv / names[0]}')


def add_packages(folders: list[str]) -> None:
    """Put folders of packages, and what their `.pth` files name, before snake's own.

    They come after the standard library, as they do for the venv's own interpreter.
    """
    before = sys.path.copy()
    for folder in folders:
        site.addsitedir(folder)
    added = [path for path in sys.path if path not in before]
    # A folder that is there already, because snake runs from this venv, moves too.
    added = [path for path in folders if path in before] + added
    rest = [path for path in before if path not in added]
    at = next((i for i, path in enumerate(rest) if _holds_packages(path)), len(rest))
    sys.path[:] = [*rest[:at], *added, *rest[at:]]


def _version(settings: dict[str, str]) -> str:
    """Return the version of a venv's Python, like `3.12`; nothing if it does not say."""
    version = settings.get("version_info") or settings.get("version") or ""
    return ".".join(version.split(".")[:2])


def _settings(venv: Path) -> dict[str, str]:
    try:
        text = read_regular(venv / "pyvenv.cfg").decode()
    except (OSError, UnicodeDecodeError):
        raise StartError(
            f'"{venv}" is not a venv: it has no pyvenv.cfg; make one with `python3 -m venv {venv}`'
        ) from None
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip().lower(): value.strip().lower() for key, _, value in pairs}


def _holds_packages(path: str) -> bool:
    return os.path.basename(path.rstrip("/\\")) in ("site-packages", "dist-packages")  # noqa: PTH119
