"""Way to end: the command that ends a server which was just started, if there is one that works."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from snake.cli.admin_address import Place, find
from snake.cli.admin_client import AdminClient
from snake.cli.environment import load_files
from snake.cli.whose_server import server_at
from snake.core.errors import SnakeError

_VARIABLES = (b"{$", b"{env.")
"""What in a configuration may be something else when it is read from another terminal."""


def way_to_end(pid: int, config: str | None, adapter: str | None, envfiles: Sequence[str]) -> str:
    """Return a command line: `snake stop` where that reaches the server, else `kill`.

    With env files, and where the configuration has variables of the environment, it names the
    address. What env files say is in the environment of this process after that.
    """
    named = config or ("Caddyfile" if Path("Caddyfile").is_file() else "")
    place = None
    # A pipe has been read already, and would be waited for.
    if not all(Path(file).is_file() for file in (*envfiles, *([named] if named else ()))):
        return f"kill {pid}"
    with suppress(SnakeError):
        if envfiles:
            load_files(envfiles)
        place = find(None, config, adapter)
    if place is None or not _is_there(place, pid):
        return f"kill {pid}"
    is_from_here = place.address == os.environ.get("CADDY_ADMIN")
    if envfiles or is_from_here or _has_variables(named):
        return shlex.join(["snake", "stop", "--address", place.address])
    words = ["--config", named] if named else []
    words += ["--adapter", adapter] if adapter else []
    return shlex.join(["snake", "stop", *words])


def _is_there(place: Place, pid: int) -> bool:
    """Whether the process listens there, or its child: that of a standalone executable."""
    try:
        server = server_at(AdminClient(place.address))
    except SnakeError:
        return False
    return server is not None and pid in (server.pid, _parent(server.pid))


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _has_variables(file: str) -> bool:
    try:
        data = Path(file).read_bytes() if file else b""
    except OSError:
        return True
    return any(each in data for each in _VARIABLES)
