"""Distributions: snake and all that it is installed with, copied as it is installed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

import snake
from snake.core.errors import SnakeError
from snake.python.packages import normal

NAME = "snake-server"
TIME_ZONES = "tzdata"
"""What Python takes time zones from where the system has none."""
_PACKAGE = Path(snake.__file__).parent
_PLUGINS = "snake."
"""How the entry-point groups begin by which packages add to snake."""


def copy(folder: Path) -> list[str]:
    """Copy snake, its plugins and what they need; return the names. Raises `SnakeError`."""
    found = closure()
    for each in found.values():
        for source, name in _files(each):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    # Of a checkout, the files are elsewhere than the package is installed.
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(_PACKAGE, folder / "snake", ignore=ignored, dirs_exist_ok=True)
    grammar = _PACKAGE.parent / "grammar"
    if not (_PACKAGE / "grammar").is_dir() and grammar.is_dir():
        shutil.copytree(grammar, folder / "snake/grammar", ignore=ignored, dirs_exist_ok=True)
    return sorted(found)


def closure() -> dict[str, Distribution]:
    """Return snake and its plugins with all that they require, by normalised name.

    What is required only for something extra is in it if it is installed.
    """
    try:
        waiting = [distribution(NAME), distribution(TIME_ZONES)]
    except PackageNotFoundError as error:
        raise SnakeError(f'{error.name} is not installed: pip install "{NAME}[build]"') from None
    waiting += [each for each in distributions() if _is_plugin(each)]
    found: dict[str, Distribution] = {}
    while waiting:
        each = waiting.pop()
        name = normal(each.name)
        if name not in found:
            found[name] = each
            waiting += _required(each)
    return found


def _required(one: Distribution) -> Iterator[Distribution]:
    # PyInstaller has brought it.
    from packaging.requirements import Requirement  # noqa: PLC0415

    extras = ("", *(one.metadata.get_all("Provides-Extra") or ()))
    for text in one.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        fitting = [extra for extra in extras if marker is None or marker.evaluate({"extra": extra})]
        # What snake is built with is no part of it.
        if not fitting or fitting == ["build"] or ("" not in fitting and one.name != NAME):
            continue
        try:
            yield distribution(requirement.name)
        except PackageNotFoundError:
            if "" in fitting:
                raise SnakeError(f"{one.name} needs {text}, which is not installed") from None


def _files(one: Distribution) -> Iterator[tuple[Path, str]]:
    """Yield the files of a distribution that lie among the packages. Raises `SnakeError`."""
    origin = json.loads(one.read_text("direct_url.json") or "{}")
    is_editable = origin.get("dir_info", {}).get("editable", False)
    if is_editable and one.name != NAME:
        raise SnakeError(f"{one.name} is installed as editable; install it without -e to pack it")
    for path in one.files or ():
        if ".." in path.parts or "__pycache__" in path.parts or path.suffix == ".pth":
            continue
        # Where it was installed from is nobody's business.
        if path.name in ("direct_url.json", "RECORD", "INSTALLER", "REQUESTED"):
            continue
        source = Path(str(path.locate()))
        if source.is_file():
            yield source, str(path)


def _is_plugin(one: Distribution) -> bool:
    return any(entry.group.startswith(_PLUGINS) for entry in one.entry_points)
