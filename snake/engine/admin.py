"""The admin endpoint: the sockets of the admin API, which come and go with documents.

A document that is loaded has its address opened before anything is switched, and the one of the
document before is closed after. What answers there is imported when the workers serve: no start
has to wait for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from snake.admin.counts import Counts
from snake.config.admin import Admin
from snake.config.document import Document
from snake.core.errors import StartError
from snake.core.network import NetworkAddress, parse_address
from snake.engine.admin_address import admin_address
from snake.engine.sockets import ListenError, Sockets, remove_stale, unix_path
from snake.python.plan import AppPlan

if TYPE_CHECKING:
    from snake.admin.endpoint import Endpoint
    from snake.admin.server import AdminServer
    from snake.engine.remote import Remote, RemoteEndpoint

logger = logging.getLogger("snake.admin")

Endpoints = Callable[[], "tuple[Endpoint, ...]"]
"""Imports the endpoints and returns them."""


_GRACE = 10.0
"""Seconds in which requests can be answered at an address that is left, as in Caddy."""
_LAST_GRACE = 1.0
"""The same when snake ends: nobody is to wait for a client that reads slowly."""


class Entrance:
    """Where the API of one document listens, if it does."""

    def __init__(
        self, admin: Admin, address: NetworkAddress | None, undo: Callable[[], None] | None = None
    ) -> None:
        self.admin = admin
        self.address = address
        self.mode: int | None = None
        """What the mode of its socket file is to become."""
        self._undo = undo

    def undo(self) -> None:
        """Close what was opened for it alone."""
        if self._undo is not None:
            self._undo()


NOWHERE = Entrance(Admin(disabled=True), None)


class AdminEndpoint:
    """Listens where the document says that runs."""

    def __init__(self, endpoints: Endpoints, file: str = "") -> None:
        """Serve these; `file` has the configuration, and names a socket where that is needed."""
        self.counts = Counts()
        """Of all requests since the start."""
        self._endpoints = endpoints
        self._file = file
        self._own: NetworkAddress | None = None
        """The socket of this server's own, once the default address was taken."""
        self._sockets = Sockets()
        self._entrance = NOWHERE
        self._server: AdminServer | None = None
        self._remote: RemoteEndpoint | None = None
        """Made for the first document that other machines may change."""
        self._wanted: Remote | None = None
        self._begun = False
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> NetworkAddress | None:
        """Where it listens."""
        return self._entrance.address

    def open(self, document: Document, apps: list[AppPlan]) -> Entrance:
        """Listen where a document says, beside where it does now.

        In place of a default address that is taken it is the socket of this server's own; where
        that cannot be had either it is done without, unless the API would be lost by that. Who
        is on the own socket stays there. Raises `ConfigError` and `StartError`.
        """
        admin = document.admin or Admin()
        wanted = admin_address(document, apps)
        if wanted is None:
            return Entrance(admin, None)
        address = wanted.address
        if wanted.is_default and self._own is not None and self._own == self.address:
            address = self._own
        if self.address is not None and _is_same_place(address, self.address):
            entrance = Entrance(admin, self.address)
            entrance.mode = unix_path(address)[1] if address.is_unix else None
            return entrance
        try:
            return self._opened(admin, address, is_default=wanted.is_default)
        except (ListenError, OSError) as error:
            if wanted.is_default:
                return self._aside(admin, address, error)
            raise StartError(f"the admin API {error}", "admin/listen") from None

    def _opened(self, admin: Admin, address: NetworkAddress, *, is_default: bool) -> Entrance:
        """Listen at an address. Raises `ListenError` and `OSError`."""
        if address.is_unix and is_default:
            folder = Path(unix_path(address)[0]).parent
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Entrance(admin, address, self._sockets.open([address], 1).undo)

    def _aside(self, admin: Admin, address: NetworkAddress, taken: Exception) -> Entrance:
        """Listen on the socket of this server's own. Raises `StartError` if the API were lost."""
        fields = {"address": str(address), "error": str(taken)}
        if self._file:
            # Most servers have their default address.
            from snake.engine.own_socket import own_socket  # noqa: PLC0415

            path = own_socket(self._file)
            fields["socket"] = str(path)
            self._own = parse_address(f"unix/{path}|0600")
            try:
                entrance = self._opened(admin, self._own, is_default=True)
            except (ListenError, OSError) as error:
                fields["socket_error"] = str(error)
            else:
                message = "the admin API has a socket of its own: its default address is taken"
                logger.warning(message, extra={"fields": fields})
                return entrance
        if self.address is not None:
            raise StartError(f"the admin API {taken}", "admin/listen")
        logger.warning("no admin API: its address is taken", extra={"fields": fields})
        return Entrance(admin, None)

    def open_remote(self, remote: Remote) -> Callable[[], None]:
        """Listen for other machines; return what undoes that. Raises `StartError`."""
        if self._remote is None:
            # Few are administered by other machines.
            from snake.engine.remote import RemoteEndpoint  # noqa: PLC0415

            self._remote = RemoteEndpoint(self._endpoints, self.counts)
        return self._remote.open(remote)

    def use(self, entrance: Entrance, remote: Remote | None = None) -> None:
        """Listen there, and no longer where it was; `remote` is for other machines."""
        self._wanted = remote
        old, self._entrance = self._entrance, entrance
        if old.address is not None and old.address != entrance.address:
            self._leave(old.address)
        if entrance.address is not None and entrance.mode is not None:
            self._mend(entrance.address, entrance.mode)
        if self._begun:
            self.begin()

    def _mend(self, address: NetworkAddress, mode: int) -> None:
        """Give the socket file its mode; make it again if somebody has removed it."""
        path = Path(unix_path(address)[0])
        try:
            if not path.exists():
                self._leave(address)
                self._sockets.open([address], 1)
                fields = {"address": str(address)}
                logger.info("made the socket of the admin API again", extra={"fields": fields})
            path.chmod(mode)
        except (ListenError, OSError) as error:
            self._entrance = Entrance(self._entrance.admin, None)
            fields = {"address": str(address), "error": str(error)}
            logger.warning("no admin API: its socket is lost", extra={"fields": fields})

    def begin(self) -> None:
        """Answer from now on."""
        self._begun = True
        if self._remote is not None:
            self._remote.use(self._wanted)
        admin, address = self._entrance.admin, self._entrance.address
        if address is None:
            if admin.disabled:
                logger.warning("admin endpoint disabled")
        elif self._server is not None:
            self._server.follow(admin)
        else:
            # Not before the workers serve: it is half of a supervisor's imports.
            from snake.admin.server import AdminServer  # noqa: PLC0415

            sock = self._sockets.first(address)
            self._server = AdminServer(sock, self._endpoints(), admin, address, self.counts)
            self._tidy()

    def _tidy(self) -> None:
        """Remove the socket that a server of the same file has left which was killed."""
        if self._file and self._own is None:
            from snake.engine.own_socket import own_socket  # noqa: PLC0415  (as above)

            path = own_socket(self._file)
            with suppress(ListenError, OSError):
                remove_stale(str(path), parse_address(f"unix/{path}"))

    def _leave(self, address: NetworkAddress) -> None:
        """Close an address, and let the requests be answered that came by it."""
        server, self._server = self._server, None
        self._sockets.close([address])
        if server is not None:
            task = asyncio.create_task(server.drain(_GRACE))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def aclose(self) -> None:
        """Answer what was asked already, and end."""
        server, self._server = self._server, None
        self._begun = False
        self._entrance = NOWHERE
        if self._remote is not None:
            await self._remote.aclose()
        self._sockets.close()
        for task in self._leaving:
            task.cancel()
        if server is not None:
            await server.drain(_LAST_GRACE)


def _is_same_place(one: NetworkAddress, other: NetworkAddress) -> bool:
    """Whether two addresses are one, but perhaps for the mode of a socket file."""
    both_unix = one.is_unix and other.is_unix
    return unix_path(one)[0] == unix_path(other)[0] if both_unix else one == other
