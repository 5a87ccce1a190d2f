"""Remote: the admin API for other machines, which comes and goes with documents.

Its certificate is that of the document's identity, and its clients are those whose certificates
the document names; so it is made anew for each.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from snake.admin.counts import Counts
from snake.admin.remote_access import Grant, RemoteAccess
from snake.admin.remote_server import RemoteServer
from snake.config.admin import Access
from snake.config.admin import Remote as RemoteConfig
from snake.config.tls import ClientAuthentication, ConnectionPolicy
from snake.core.errors import SnakeError, StartError
from snake.core.modules import Context
from snake.core.network import NetworkAddress, parse_address
from snake.core.surroundings import fill
from snake.engine.identity import OwnIdentity
from snake.engine.sockets import ListenError, Sockets
from snake.tls.encryption import Encryption, provision_policies
from snake.tls.ring import Ring

if TYPE_CHECKING:
    from snake.admin.endpoint import Endpoint

logger = logging.getLogger("snake.admin.remote")

DEFAULT = ":2021"
"""The address of those that name none, as Caddy's."""
_GRACE = 10.0
_LAST_GRACE = 1.0


class Remote(NamedTuple):
    """The remote API of one document."""

    address: NetworkAddress
    access: RemoteAccess
    encryption: Encryption

    @classmethod
    async def provision(
        cls, ctx: Context, config: RemoteConfig, identity: OwnIdentity | None
    ) -> Remote:
        """Make ready; `ctx` is at `admin/remote`. Raises `ConfigError`."""
        if identity is None or not identity.names:
            raise ctx.fail(
                "remote administration needs an identity: name the machine in "
                "admin/identity/identifiers"
            )
        access = RemoteAccess(tuple(_grants(ctx.at("access_control"), config.access_control)))
        if not access.grants:
            raise ctx.fail("nobody is allowed in: name certificates in access_control")
        trusted = tuple(key for each in config.access_control for key in each.public_keys)
        policy = ConnectionPolicy(
            alpn=("http/1.1",),
            client_authentication=ClientAuthentication(
                trusted_ca_certs=trusted, mode="require_and_verify"
            ),
            default_sni=identity.names[0],
            fallback_sni=identity.names[0],
        )
        encryption = await provision_policies(ctx.offering(Ring, identity.ring), (policy,), None)
        return cls(_address(ctx.at("listen"), config.listen), access, encryption)


def _address(ctx: Context, text: str) -> NetworkAddress:
    try:
        address = parse_address(fill(text or DEFAULT))
    except SnakeError as error:
        raise ctx.fail(str(error)) from None
    if address.is_datagram or address.start_port != address.end_port:
        raise ctx.fail(f"must be exactly one listener address; cannot listen on: {address}")
    return address


def _grants(ctx: Context, controls: tuple[Access, ...]) -> Iterator[Grant]:
    for index, control in enumerate(controls):
        at = ctx.at(index, "public_keys")
        yield Grant(tuple(_certificates(at, control.public_keys)), control.permissions)


def _certificates(ctx: Context, keys: tuple[str, ...]) -> Iterator[x509.Certificate]:
    for index, text in enumerate(keys):
        try:
            yield x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError) as error:
            message = f"expected a certificate as DER in base64: {error}"
            raise ctx.at(index).fail(message) from None


class RemoteEndpoint:
    """Listens where the document says that runs."""

    def __init__(self, endpoints: Callable[[], tuple[Endpoint, ...]], counts: Counts) -> None:
        self._endpoints = endpoints
        self._counts = counts
        self._sockets = Sockets()
        self._address: NetworkAddress | None = None
        self._server: RemoteServer | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    def open(self, remote: Remote) -> Callable[[], None]:
        """Listen for a document, beside where it does now; return what undoes that.

        Raises `StartError`.
        """
        try:
            return self._sockets.open([remote.address], 1).undo
        except ListenError as error:
            message = f"the remote admin API {error}"
            raise StartError(message, "admin/remote/listen") from None

    def use(self, remote: Remote | None) -> None:
        """Answer for a document from now on, and no longer for the one before."""
        before, self._server = self._server, None
        old, self._address = self._address, remote.address if remote is not None else None
        if before is not None:
            task = asyncio.create_task(before.drain(_GRACE))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        if remote is not None:
            sock = self._sockets.first(remote.address)
            self._server = RemoteServer(
                sock, self._endpoints(), remote.access, remote.encryption, self._counts
            )
            fields = {"address": str(remote.address)}
            logger.info("secure admin remote control endpoint started", extra={"fields": fields})
        if old is not None and old != self._address:
            self._sockets.close([old])

    async def aclose(self) -> None:
        """Answer what was asked already, and end."""
        server, self._server, self._address = self._server, None, None
        self._sockets.close()
        for task in self._leaving:
            task.cancel()
        if server is not None:
            await server.drain(_LAST_GRACE)
