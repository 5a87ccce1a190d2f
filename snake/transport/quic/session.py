"""Session: one client over QUIC: its connection, its requests, and the clock of both."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aioquic.h3.connection import ErrorCode
from aioquic.quic.events import (
    ConnectionIdIssued,
    ConnectionIdRetired,
    ConnectionTerminated,
    HandshakeCompleted,
    ProtocolNegotiated,
    QuicEvent,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)

from snake.tls.secured import TLS13, Secured, asgi_extension
from snake.transport.quic.connection import QuicConnection
from snake.transport.quic.requests import Requests

if TYPE_CHECKING:
    from snake.transport.quic.credentials import Credentials
    from snake.transport.quic.datagrams import Path
    from snake.transport.quic.endpoint import Chosen, Endpoint

log = logging.getLogger("snake.http")

_HANDSHAKE = 10.0
"""Seconds for a handshake, without what it waits for us (quic-go: 10)."""
_PING = 10.0
"""Seconds of silence after which a client that waits for a response is asked for a sign."""


class Session:
    """One client."""

    def __init__(self, endpoint: Endpoint, quic: QuicConnection, path: Path) -> None:
        self.quic = quic
        self.secured = Secured()
        self.since = endpoint.clock.now
        """When it came, or when what it waited for was there."""
        self._endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self.client = endpoint.socket.client(path)
        """Host and port."""
        self.server = endpoint.socket.server(path)
        quic.on_hello = self._said_hello
        self.extension: dict[str, Any] = {}
        """What apps are told of it."""
        self._requests: Requests | None = None
        self._heard = endpoint.clock.now
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._is_flushing = False
        self._is_over = False
        self._is_draining = False

    # What the endpoint calls -----------------------------------------------------------

    def receive(self, data: bytes, path: Path, now: float) -> None:
        """Take a datagram; `flush` is to follow."""
        self._heard = now
        try:
            self.quic.receive_datagram(data, path, now)
        except Exception as error:  # noqa: BLE001
            self._break_off(error)

    def flush(self) -> None:
        """Hear what happened, and send what is to be sent."""
        self._is_flushing = False
        if self._is_over:
            return
        now = self._loop.time()
        try:
            while (event := self.quic.next_event()) is not None:
                self._hear(event)
            self._transmit(now)
            while (event := self.quic.next_event()) is not None:
                self._hear(event)
        except Exception as error:  # noqa: BLE001
            self._break_off(error)
            return
        if self._requests:
            self._requests.wake()
            if self._is_draining:
                self._requests.sweep()
        if self._is_draining and not self._requests:
            self.close(ErrorCode.H3_NO_ERROR)

    def _transmit(self, now: float) -> None:
        datagrams = self.quic.datagrams_to_send(now)
        if datagrams:
            self._endpoint.socket.send_all(datagrams)
        at = self.quic.get_timer()
        if at is None or self.quic.is_closing:  # a packet that still comes is answered with a reset
            self._leave()
        elif self._timer is None or at < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = at
            self._timer = self._loop.call_at(at, self._tick)

    def _break_off(self, error: Exception) -> None:
        """End a connection after an error: what a hostile client can do ends nothing else."""
        log.debug("connection ended", exc_info=error)
        if not self._is_over:
            with suppress(Exception):
                self.quic.close(ErrorCode.H3_INTERNAL_ERROR)
                self._transmit(self._loop.time())
            self._leave()

    def _tick(self) -> None:
        """Do what is due; the timer may be too early, as it is not moved back."""
        self._timer = None
        now = max(self._loop.time(), self._timer_at)
        at = self.quic.get_timer()
        if at is not None and at <= now:
            try:
                self.quic.handle_timer(now)
            except Exception as error:  # noqa: BLE001
                self._break_off(error)
        self.flush()

    def flush_soon(self) -> None:
        """Send what is to be sent, in the next turn of the loop."""
        if not self._is_flushing:
            self._is_flushing = True
            self._loop.call_soon(self.flush, context=self._endpoint.context)

    def enforce(self, now: float) -> None:
        """End what has waited for the client too long."""
        if not self.quic.is_established:
            most = min(_HANDSHAKE, self._endpoint.settings.handshake_timeout or _HANDSHAKE)
            if not self.quic.is_waiting and now - self.since > most:
                self._leave()
        elif self._requests:
            self._requests.sweep()
            self._requests.enforce(now)
            if now - self._heard > _PING:
                self._heard = now
                self.quic.send_ping(0)
                self.flush_soon()

    def warn(self) -> None:
        """Ask the client to make no more requests here."""
        if self._requests is not None:
            self._requests.warn()
            self.flush_soon()

    def drain(self, *, websockets: bool = True) -> None:
        """Take no more requests, and close when those that there are have been answered."""
        self._is_draining = True
        if self._requests is not None:
            self._requests.refuse_more()
            self._requests.tell_tunnels(websockets=websockets)
        self.flush_soon()

    def tell_tunnels(self, *, websockets: bool) -> None:
        """Tell what handlers have taken over, and WebSockets, that the server wants to stop."""
        if self._requests is not None:
            self._requests.tell_tunnels(websockets=websockets)
            self.flush_soon()

    def abort(self) -> None:
        """Close at once."""
        self.close(ErrorCode.H3_NO_ERROR)

    def cut(self) -> float:
        """Close at once, but for tunnels that may go on; return until when they may, or 0."""
        left = self._requests.cut_streams() if self._requests is not None else 0.0
        if not left:
            self.abort()
        self.flush_soon()
        return left

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection."""
        if not self.quic.is_closing:
            self.quic.close(code, None, reason)
            self._drop_all()
            self.flush_soon()

    def _drop_all(self) -> None:
        if self._requests is not None:
            self._requests.drop_all()

    def _leave(self) -> None:
        """Let go of a connection that is over."""
        if not self._is_over:
            self._is_over = True
            if self._timer is not None:
                self._timer.cancel()
            self._drop_all()
            self._endpoint.closed(self)

    # What QUIC says ------------------------------------------------------------------------

    def _hear(self, event: QuicEvent) -> None:
        match event:
            case StreamDataReceived() if self._requests is not None:
                self._requests.hear_data(event)
            case StreamReset(stream_id=at) if self._requests is not None:
                self.quic.release(self.quic.missing(at))
                self._requests.hear_reset(event, at)
            case StopSendingReceived(stream_id=at) if self._requests is not None:
                self._requests.hear_reset(event, at)
            case ProtocolNegotiated():
                self._requests = Requests(self, self._endpoint)
            case HandshakeCompleted():
                self._endpoint.established(self)
            case ConnectionIdIssued(connection_id=cid):
                self._endpoint.issued(cid, self)
            case ConnectionIdRetired(connection_id=cid):
                self._endpoint.retired(cid, self)
            case ConnectionTerminated():
                self._leave()

    # The handshake --------------------------------------------------------------------------

    def _said_hello(self, message: bytes) -> None:
        self._endpoint.run(self._endpoint.secure(self, message))

    def refuse(self, alert: int) -> None:
        """End the handshake."""
        if not self._is_over:
            self.quic.refuse(alert)
            self.flush_soon()

    def secure(self, chosen: Chosen, credentials: Credentials) -> None:
        """Go on with the handshake as the owner of a certificate."""
        if self._is_over:
            return
        self.quic.go_on(credentials, chosen.groups)
        self.secured = Secured(
            server_name=chosen.server_name,
            version=TLS13,
            cipher_suite=self.quic.cipher_suite,
            alpn="h3",
            chain=chosen.certificate.chain,
        )
        self.extension = asgi_extension(self.secured)
        self.since = self._endpoint.clock.now
        self.flush_soon()
