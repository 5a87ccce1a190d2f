"""Installer: what has put snake here, and the commands by which it changes packages.

snake installs nothing by itself: it knows which tool of Python's does, shows the command, and
runs it. Each is told the version of snake, which no plugin may change.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import click

from snake.cli.distribution import NAME, plugins, version_of
from snake.core.errors import SnakeError

Words = tuple[str, ...]


class Installer(Protocol):
    """Returns the words of commands. `requirements` are as pip takes them: `name==1.2`."""

    def adding(self, requirements: Sequence[str]) -> Words:
        """Return the command that installs packages beside snake."""
        ...

    def removing(self, names: Collection[str]) -> Words:
        """Return the command that removes packages."""
        ...

    def upgrading(self) -> Words:
        """Return the command that brings the newest snake."""
        ...


class Pip:
    """pip of this Python, or uv, which can do the same."""

    def __init__(self, install: Words, uninstall: Words) -> None:
        self._install = install
        self._uninstall = uninstall

    def adding(self, requirements: Sequence[str]) -> Words:
        """Return `pip install`."""
        return (*self._install, _itself(), *requirements)

    def removing(self, names: Collection[str]) -> Words:
        """Return `pip uninstall`."""
        return (*self._uninstall, *names)

    def upgrading(self) -> Words:
        """Return `pip install --upgrade`."""
        return (*self._install, "--upgrade", NAME)


class Pipx:
    """pipx, which gives each program an environment of its own."""

    def adding(self, requirements: Sequence[str]) -> Words:
        """Return `pipx inject`."""
        return ("pipx", "inject", NAME, *requirements)

    def removing(self, names: Collection[str]) -> Words:
        """Return `pipx uninject`."""
        return ("pipx", "uninject", NAME, *names)

    def upgrading(self) -> Words:
        """Return `pipx upgrade`."""
        return ("pipx", "upgrade", NAME)


class UvTool:
    """uv, which makes the environment of a tool anew, from all that is to be in it."""

    def adding(self, requirements: Sequence[str]) -> Words:
        """Return `uv tool install` with what is there already, and these."""
        kept = [f"{name}=={version}" for name, version in plugins().items()]
        return self._with([*kept, *requirements])

    def removing(self, names: Collection[str]) -> Words:
        """Return `uv tool install` with what is there but these."""
        found = plugins().items()
        return self._with([f"{name}=={version}" for name, version in found if name not in names])

    def upgrading(self) -> Words:
        """Return `uv tool upgrade`."""
        return ("uv", "tool", "upgrade", NAME)

    def _with(self, requirements: Sequence[str]) -> Words:
        return ("uv", "tool", "install", _itself(), *(f"--with={each}" for each in requirements))


def installer() -> Installer:
    """Return what changes the packages of this snake. Raises `SnakeError` if nothing here may."""
    if getattr(sys, "frozen", False):
        raise SnakeError(
            "this snake is one file with all that it needs; to change what is in it, get or "
            "build another one"
        )
    home = Path(sys.prefix)
    if (home / "pipx_metadata.json").exists():
        return Pipx()
    if (home / "uv-receipt.toml").exists():
        return UvTool()
    managed = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if sys.prefix == sys.base_prefix and managed.exists():
        raise SnakeError(
            "this Python belongs to the operating system (PEP 668), which installs packages of "
            "its own; to have others, put snake into an environment of its own: "
            f"pipx install {NAME}, or uv tool install {NAME}"
        )
    if find_spec("pip") is not None:
        pip = (sys.executable, "-m", "pip")
        return Pip((*pip, "install"), (*pip, "uninstall", "--yes"))
    if shutil.which("uv"):
        python = ("--python", sys.executable)
        return Pip(("uv", "pip", "install", *python), ("uv", "pip", "uninstall", *python))
    raise SnakeError(
        "there is neither pip nor uv here to change packages with; "
        f"{sys.executable} -m ensurepip brings pip"
    )


def run(words: Words) -> None:
    """Run a command, and show it first. Raises `SnakeError` if it fails."""
    click.echo(f"$ {shlex.join(words)}", err=True)
    try:
        code = subprocess.run(words, check=False).returncode  # noqa: S603  (no shell reads them)
    except OSError as error:
        raise SnakeError(f"cannot run {words[0]}: {error.strerror}") from None
    if code:
        raise SnakeError(f"{Path(words[0]).name} has failed, with exit code {code}")


def checkout() -> str:
    """Return the folder of a snake that runs as it stands in a checkout; nothing for others."""
    try:
        text = metadata.distribution(NAME).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return str(Path(__file__).parents[2])
    found = json.loads(text or "{}")
    is_edited = found.get("dir_info", {}).get("editable", False)
    return str(found.get("url", "")).removeprefix("file://") if is_edited else ""


def _itself() -> str:
    version = version_of(NAME)
    return f"{NAME}=={version}" if version else NAME
