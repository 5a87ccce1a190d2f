"""OwnServer: the server that a handler is part of, for requests that it makes to it itself."""

from __future__ import annotations

from snake.http.handler import ASGIApp


class OwnServer:
    """A service of the context: the ASGI app of a server, once all of it is provisioned."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
