"""Env: where an embedded app runs: its folder, its packages, its environment variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from snake.app import caddysnake
from snake.app.envfile import read_env_file
from snake.core.errors import StartError
from snake.core.record import Record
from snake.python.clashes import keep_ours
from snake.python.venv import add_packages, site_packages


class Environment(Record):
    """The environment of this process's apps. They all live in one, so they must agree on it."""

    working_dir: Path
    venv: Path | None = None
    env_files: tuple[str, ...] = ()
    env_vars: Mapping[str, str] = {}
    cache: Mapping[str, str] = {}
    """What names the cache, if the app does."""

    def enter(self) -> None:
        """Make this process live in it. Raises `StartError` for a folder or venv that is none."""
        if not self.working_dir.is_dir():
            what = "is not a directory" if self.working_dir.exists() else "does not exist"
            raise StartError(f'the working_dir "{self.working_dir}" {what}')
        packages = site_packages(self.venv) if self.venv is not None else []
        variables: dict[str, str] = {}
        for file in self.env_files:
            variables |= read_env_file(file, self.working_dir)
        os.environ.update(variables | dict(self.env_vars) | dict(self.cache))
        os.chdir(self.working_dir)
        folder = str(self.working_dir)
        keep_ours([folder, *packages])
        add_packages(packages)
        sys.path[:] = [folder, *(path for path in sys.path if path not in ("", folder))]
        # Not `invalidate_caches`: that imports importlib.metadata, zipfile and more.
        sys.path_importer_cache.clear()
        caddysnake.install()

    def differences(self, other: Environment) -> list[str]:
        """Return the names of the settings in which two environments differ."""
        names = ("working_dir", "venv", "env_file", "env_var", "cache")
        mine = (self.working_dir, self.venv, self.env_files, dict(self.env_vars), self.cache)
        theirs = (other.working_dir, other.venv, other.env_files, dict(other.env_vars), other.cache)
        return [name for name, a, b in zip(names, mine, theirs, strict=True) if a != b]
