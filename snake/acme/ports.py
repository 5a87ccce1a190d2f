"""Ports: where the server listens that answers challenges."""

from __future__ import annotations

from snake.core.record import Record


class Ports(Record):
    """The ports of the document, `http_port` and `https_port`."""

    http: int = 80
    https: int = 443
