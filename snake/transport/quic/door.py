"""Door: a UDP socket of HTTP/3 before the first client, and what opens it.

Most clients come over TCP first, many servers never have one that comes otherwise, and what
speaks QUIC takes as long to import as all else that a worker runs.
"""

from __future__ import annotations

import asyncio
import socket
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from snake.transport.asgi import ASGIApp
from snake.transport.settings import Settings

if TYPE_CHECKING:
    from snake.tls.encryption import Encryption
    from snake.transport.quic.endpoint import Endpoint

_NEEDED = ("snake.transport.quic.endpoint", "snake.transport.quic.policies")


class Door:
    """One socket that is served as soon as anything comes."""

    def __init__(
        self,
        sock: socket.socket,
        app: ASGIApp,
        settings: Settings,
        encryption: Encryption,
        folder: Path | None,
    ) -> None:
        """Serve on a bound socket, of which a copy is made; `folder` is `Endpoint`'s."""
        self._sock = sock.dup()
        self._site = app, settings, encryption
        self._folder = folder
        self._loop = asyncio.get_running_loop()
        self._endpoint: Endpoint | None = None
        self._opening: asyncio.Task[None] | None = None
        self._is_watched = False

    def resume(self) -> None:
        """Take clients."""
        if self._endpoint is not None:
            self._endpoint.resume()
        elif self._opening is None:
            self._is_watched = True
            self._loop.add_reader(self._sock, self._knock)

    def pause(self) -> None:
        """Take no new clients."""
        if self._endpoint is not None:
            self._endpoint.pause()
        else:
            self._unwatch()
            if self._opening is not None:
                self._opening.cancel()

    async def drain(self, grace: float | None, linger: float = 0.0) -> None:
        """Stop, as `Endpoint.drain`."""
        self.pause()
        if self._endpoint is not None:
            await self._endpoint.drain(grace, linger)
        self._sock.close()

    def hasten(self) -> None:
        """Linger no longer."""
        if self._endpoint is not None:
            self._endpoint.hasten()

    def _unwatch(self) -> None:
        if self._is_watched:
            self._is_watched = False
            self._loop.remove_reader(self._sock)

    def _knock(self) -> None:
        self._unwatch()
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        """Import what is needed, in a thread: others are served meanwhile."""
        for name in _NEEDED:
            await asyncio.to_thread(import_module, name)
        from snake.transport.quic.endpoint import Endpoint, Service  # noqa: PLC0415
        from snake.transport.quic.policies import choosing  # noqa: PLC0415

        app, settings, encryption = self._site
        service = Service(app, settings, choosing(encryption))
        self._endpoint = Endpoint(self._sock, service, self._folder)
        self._endpoint.resume()
