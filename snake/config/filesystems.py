"""`apps."caddy.filesystems"`: file systems by name, for `file_server` and the `file` matcher."""

from __future__ import annotations

from typing import Annotated

from snake.config.struct import Config, Guest
from snake.core.namespace import In


class NamedFileSystem(Config):
    """One file system and its name."""

    name: str = ""
    file_system: Annotated[Guest, In("caddy.fs", "backend")] = None


class FileSystems(Config, omit_defaults=False):
    """The `caddy.filesystems` app."""

    filesystems: tuple[NamedFileSystem, ...] = ()
