"""Autosave: the last configuration that worked, on disk.

Caddy's `autosave.json`: `$XDG_CONFIG_HOME/snake/` or `~/.config/snake/`, mode
0600 since a configuration may hold secrets.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from snake.config.document import Document

logger = logging.getLogger("snake")


def config_folder() -> Path:
    """Return the folder for what snake keeps about configurations."""
    given = os.environ.get("XDG_CONFIG_HOME")
    return (Path(given) if given else Path.home() / ".config") / "snake"


def autosave_file() -> Path:
    """Return where the last configuration is saved."""
    return config_folder() / "autosave.json"


def autosave(document: Document, json: bytes) -> None:
    """Save a document's JSON unless it says `persist: false`.

    A failure is logged, and is no more.
    """
    admin = document.admin.config if document.admin else None
    if admin is not None and admin.persist is False:
        return
    try:
        path = autosave_file()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, json)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        logger.warning("cannot save the configuration", extra={"fields": {"error": str(error)}})


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old or the new one, whole."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(fd, "wb") as file:  # noqa: PTH123  (an open descriptor)
        file.write(data)
    fresh.replace(path)
