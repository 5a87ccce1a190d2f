"""The folder for what snake keeps when nothing says where.

It is Caddy's: who had Caddy has certificates and accounts already.
Source: https://caddyserver.com/docs/conventions#data-directory.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data_folder() -> Path:
    """Return the folder: `$XDG_DATA_HOME/caddy`, or where the operating system has such things.

    Without a home it is `caddy` in the working directory, as Caddy has it.
    """
    if base := os.environ.get("XDG_DATA_HOME"):
        return Path(base, "caddy")
    home = os.environ.get("HOME", "")
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA", "")
        return Path(roaming, "Caddy") if roaming else Path("caddy")
    if not home:
        return Path("caddy")
    if sys.platform == "darwin":
        return Path(home, "Library", "Application Support", "Caddy")
    return Path(home, ".local", "share", "caddy")
