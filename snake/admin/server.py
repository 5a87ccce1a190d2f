"""The server of the API: its limits, on one socket."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable
from weakref import WeakSet

from snake.admin.access import LocalAccess
from snake.admin.api import API
from snake.admin.counts import Counts
from snake.admin.endpoint import Endpoint
from snake.config.admin import Admin
from snake.core.network import NetworkAddress
from snake.transport.admission import Admission, RefusedConnectionError
from snake.transport.serve import Serving
from snake.transport.settings import Settings

logger = logging.getLogger("snake.admin")

SETTINGS = Settings(
    max_header_bytes=64 * 1024,
    max_target_bytes=64 * 1024,
    read_header_timeout=5.0,
    read_timeout=10.0,
    idle_timeout=60.0,
    http2=False,
    websockets=False,
    server_header=b"",
)
"""Those of Caddy."""
MOST_CONNECTIONS = 256
"""Clients that may be connected; a monitor, a browser and some tools are a dozen."""


class AdminServer:
    """The API on one listening socket, of which it has a copy."""

    def __init__(
        self,
        sock: socket.socket,
        endpoints: Iterable[Endpoint],
        admin: Admin,
        address: NetworkAddress,
        counts: Counts,
    ) -> None:
        self._address = address
        self._access = LocalAccess.of(admin, address)
        self._api = API(endpoints, self._access, counts)
        self._sock = sock.dup()
        self._serving = Serving(self._sock, self._api, SETTINGS, None, [AtMost(MOST_CONNECTIONS)])
        self._serving.resume()
        self._tell()

    def follow(self, admin: Admin) -> None:
        """Have the rules of another document from now on, on open connections as well."""
        access = LocalAccess.of(admin, self._address)
        if access != self._access:
            self._api.access = self._access = access
            self._tell()

    async def drain(self, grace: float) -> None:
        """Take no more connections, and answer for so many seconds what was asked."""
        self._serving.pause()
        self._sock.close()
        await self._serving.drain(grace)
        fields = {"address": str(self._address)}
        logger.info("stopped previous server", extra={"fields": fields})

    def _tell(self) -> None:
        fields: dict[str, object] = {
            "address": str(self._address),
            "enforce_origin": self._access.enforce_origin,
            "origins": [str(each) for each in self._access.allowed],
        }
        logger.info("admin endpoint started", extra={"fields": fields})
        if not self._access.checks_host and not self._address.is_unix:
            logger.warning(
                "admin endpoint on open interface; host checking disabled",
                extra={"fields": {"address": str(self._address)}},
            )


class AtMost:
    """Lets in as many clients as there may be (a `ListenerWrapper`)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._own: WeakSet[socket.socket] = WeakSet()

    async def admit(self, sock: socket.socket, admission: Admission) -> Admission:
        """Let a client in. Raises `RefusedConnectionError`."""
        if sum(each.fileno() >= 0 for each in self._own) >= self._most:
            raise RefusedConnectionError("too many clients of the admin API")
        self._own.add(sock)
        return admission
