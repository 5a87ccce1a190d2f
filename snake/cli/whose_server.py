"""Whose server it is that is asked: its process, and the configuration that it runs."""

from __future__ import annotations

import os
from typing import NamedTuple

from snake.cli.admin_client import AdminClient
from snake.core.errors import SnakeError


class Server(NamedTuple):
    """A snake that runs, as it tells of itself."""

    pid: int
    source: str
    """The absolute path of its configuration; empty where that is in no file."""
    started: float
    """In seconds since 1970."""
    in_flight: int
    """Requests that it is answering."""

    def is_of(self, file: str) -> bool:
        """Whether this is the server of the configuration in a file, as far as one knows."""
        if not self.source or not file or file == "-":
            return True
        return os.path.realpath(self.source) == os.path.realpath(file)

    def __str__(self) -> str:
        return f"the server of {self.source or 'no file'} (PID {self.pid})"


def server_at(client: AdminClient) -> Server | None:
    """Return the snake that answers there; `None` for a Caddy, and for who does not answer."""
    try:
        told = client.ask("GET", "/snake/status").json()
        sites = told["sites"]
        return Server(
            pid=int(told["pid"]),
            source=str(told["configuration"]["source"] or ""),
            started=float(told["started"]),
            in_flight=sum(int(site["in_flight"]) for site in sites),
        )
    except (SnakeError, ValueError, TypeError, KeyError):
        return None
