"""Connector: makes the connections of the HTTP transport, and decides what is spoken on them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from snake.proxy.contract import DialError, DialInfo, Outgoing, UpstreamTimeoutError
from snake.proxy.dialer import Dialer
from snake.proxy.encryption import Encryption
from snake.proxy.http_settings import HTTPSettings
from snake.proxy.idle import Key
from snake.proxy.preamble import preamble

P = TypeVar("P", bound=asyncio.Protocol)

_HANDSHAKE_TIMEOUT = 60.0
"""Seconds that an upstream may take where the config sets no limit."""


class HandshakeTimeoutError(DialError, UpstreamTimeoutError):
    """TLS took too long: another upstream may be tried, and the client is told of the time."""


class Connector:
    """Connects to upstreams."""

    def __init__(self, settings: HTTPSettings) -> None:
        self._dialer = Dialer(settings.dialing)
        self._encryption = settings.encryption
        self._proxy_protocol = settings.proxy_protocol
        self._loop = asyncio.get_running_loop()
        self.has_plain_keys = not (
            self._proxy_protocol or (self._encryption and self._encryption.has_dynamic_name)
        )
        """Whether connections to one address are all alike."""

    def key(self, to: DialInfo, outgoing: Outgoing) -> Key:
        """Return what makes a connection fit for a request."""
        if self.has_plain_keys:
            return to.network, to.address
        request = outgoing.request
        client = request.client_ip if self._proxy_protocol else ""
        encryption = self._encryption
        name = encryption.server_name(request) if encryption is not None else ""
        return to.network, to.address, client, name

    async def connect(self, to: DialInfo, outgoing: Outgoing, make: Callable[[str], P]) -> P:
        """Return a new connection; `make` gets the protocol that TLS has chosen, or nothing.

        Raises `DialError`.
        """
        first = b""
        if self._proxy_protocol:
            first = preamble(self._proxy_protocol, outgoing.request.client_ip)
        sock = await self._dialer.dial(to)
        try:
            if first:
                await self._loop.sock_sendall(sock, first)
            if self._encryption is None or not self._encryption.covers(to):
                _, protocol = await self._loop.create_connection(lambda: make(""), sock=sock)
                return protocol
            return await self._encrypted(sock, to, outgoing, self._encryption, make)
        except (OSError, ValueError) as error:
            sock.close()
            raise DialError(f"dialling {to.address}: {_reason(error)}") from error
        except BaseException:
            sock.close()
            raise

    async def _encrypted(
        self,
        sock: socket.socket,
        to: DialInfo,
        outgoing: Outgoing,
        encryption: Encryption,
        make: Callable[[str], P],
    ) -> P:
        name = encryption.server_name(outgoing.request) or to.host.partition("%")[0]
        if encryption.own is not None:
            encryption.own.present()
        context = encryption.context_http1 if outgoing.upgrade else encryption.context
        timeout = encryption.handshake_timeout or _HANDSHAKE_TIMEOUT
        try:
            transport, starting = await self._loop.create_connection(
                _Starting,
                sock=sock,
                ssl=context,
                server_hostname=name,
                ssl_handshake_timeout=timeout,
            )
        except (TimeoutError, ConnectionAbortedError) as error:
            if not isinstance(error, TimeoutError) and "longer than" not in str(error):
                raise
            raise HandshakeTimeoutError(
                f"TLS handshake with {to.address}: no end in {timeout} s"
            ) from None
        ssl_object: ssl.SSLObject = transport.get_extra_info("ssl_object")
        protocol = make(ssl_object.selected_alpn_protocol() or "")
        starting.hand_over(protocol)
        return protocol


class _Starting(asyncio.Protocol):
    """Has an encrypted connection until it is known what is spoken on it."""

    def __init__(self) -> None:
        self._early: list[bytes] = []
        self._lost: tuple[Exception | None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Keep what the upstream says at once: HTTP/2 begins so."""
        self._early.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self._lost = (exc,)

    def hand_over(self, protocol: asyncio.Protocol) -> None:
        """Let `protocol` have the connection, as if it had had it from the start."""
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        for data in self._early:
            protocol.data_received(data)
        if self._lost is not None:
            protocol.connection_lost(self._lost[0])


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"tls: {error.reason or error}"
    return str(getattr(error, "strerror", None) or error)
