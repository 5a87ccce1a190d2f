"""The documents of `respond`, `file-server` and `reverse-proxy`: Caddy's own, field for field.

They have no admin API, since all of their configuration stands on the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
import msgspec

from snake.cli.serving import serve
from snake.config.document import Document
from snake.core.errors import SnakeError
from snake.core.modules import decode
from snake.core.units import SECOND
from snake.engine.herald import Ready
from snake.engine.loaded import Loaded

Json = dict[str, Any]

LIMITS: Json = {
    "read_header_timeout": 10 * SECOND,
    "idle_timeout": 30 * SECOND,
    "max_header_bytes": 10_240,
}
"""What Caddy gives the servers of `respond` and `file-server`."""


def debug_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flag `--debug`."""
    return click.option("-v", "--debug", is_flag=True, help="Log debug records.")(command)


def document(servers: Json, *, debug: bool, tls: Json | None = None) -> Json:
    """Return the document of these servers."""
    made: Json = {"admin": {"disabled": True, "config": {"persist": False}}}
    if debug:
        made["logging"] = {"logs": {"default": {"level": "DEBUG"}}}
    return made | {"apps": {"http": {"servers": servers}} | ({"tls": tls} if tls else {})}


def fields(flag: str, lines: Iterable[str]) -> dict[str, list[str]]:
    """Return the header fields of `Field: value` lines; of two with one name the last counts.

    Raises `SnakeError`.
    """
    found = {}
    for line in lines:
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not (name and colon and value):
            raise SnakeError(f'{flag} takes "Field: value", got "{line}"')
        found[_canonical(name)] = [value]
    return found


def _canonical(name: str) -> str:
    """Write the name of a field as Go does: `X-Request-Id`."""
    is_token = all(char.isalnum() or char in "!#$%&'*+-.^_`|~" for char in name)
    return "-".join(part.capitalize() for part in name.split("-")) if is_token else name


def run(made: Json, ready: Ready | None = None) -> int:
    """Serve a document until a signal; return the exit code. `ready` is as for `serve`."""
    loaded = Loaded(decode(msgspec.json.encode(made), Document))
    return serve(lambda: loaded, ready=ready)
