"""Own socket: where the admin API of a server is when another server has the default address.

The file that a configuration is in names it, so whoever knows that file finds the server.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from snake.engine.autosave import config_folder

_LETTERS = 12
"""Of a hash: a machine has a few configurations."""


def mark(file: str) -> str:
    """Return what tells the files of one configuration from those of others: 12 hex digits.

    They are of the absolute path, without `..`; links are not followed.
    """
    path = os.fsencode(os.path.abspath(file))  # noqa: PTH100  (Path leaves `..` where it is)
    return hashlib.sha256(path).hexdigest()[:_LETTERS]


def own_socket(file: str) -> Path:
    """Return the socket of the server that runs the configuration in a file."""
    return config_folder() / f"admin-{mark(file)}.sock"
