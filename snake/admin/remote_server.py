"""The server of the API for other machines: TLS with the certificates of both sides."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable

from snake.admin.api import API
from snake.admin.counts import Counts
from snake.admin.endpoint import Endpoint
from snake.admin.remote_access import RemoteAccess
from snake.admin.server import MOST_CONNECTIONS, SETTINGS, AtMost
from snake.tls.encryption import Encryption
from snake.transport.serve import Serving

logger = logging.getLogger("snake.admin.remote")


class RemoteServer:
    """The API on one listening socket, of which it has a copy."""

    def __init__(
        self,
        sock: socket.socket,
        endpoints: Iterable[Endpoint],
        access: RemoteAccess,
        encryption: Encryption,
        counts: Counts,
    ) -> None:
        self._sock = sock.dup()
        api = API(endpoints, access, counts)
        limit = AtMost(MOST_CONNECTIONS)
        self._serving = Serving(self._sock, api, SETTINGS, None, [limit], encryption=encryption)
        self._serving.resume()

    async def drain(self, grace: float) -> None:
        """Take no more connections, and answer for so many seconds what was asked."""
        self._serving.pause()
        self._sock.close()
        await self._serving.drain(grace)
