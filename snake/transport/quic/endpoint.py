"""Endpoint: a UDP socket that is served: its sessions, and how they begin and end."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import cached_property
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from aioquic.quic.packet import encode_quic_retry

from snake.tls.alerts import INTERNAL_ERROR, RefusedHandshakeError
from snake.tls.certificate import Certificate
from snake.transport.asgi import ASGIApp
from snake.transport.clock import Clock
from snake.transport.ending import Ending
from snake.transport.framing import DATED, NAMED
from snake.transport.limits import Limits
from snake.transport.multiplexed import ScopeReader
from snake.transport.quic import packet
from snake.transport.quic.connection import QuicConnection, configuration
from snake.transport.quic.credentials import Safe
from snake.transport.quic.datagrams import DatagramSocket, Path
from snake.transport.quic.identity import LENGTH, SECRET, Identity
from snake.transport.quic.relay import Relay, shared_secret
from snake.transport.quic.session import Session
from snake.transport.quic.tokens import Tokens
from snake.transport.settings import Settings
from snake.transport.start import starter

if TYPE_CHECKING:
    from snake.transport.hypercorn import Host

log = logging.getLogger("snake.http")

_MOST_AT_ONCE = 64
"""Datagrams that are read before others get their turn."""
_MANY_HANDSHAKES = 64
"""Handshakes under way from which on a client has to show that its address is its own."""
_MOST_HANDSHAKES = 1024
_MOST_SESSIONS = 4096
_MOST_RESETS = 100
"""Stateless resets a second."""

Address = tuple[str, int]


class Chosen(NamedTuple):
    """What is chosen for a client."""

    server_name: str
    """The name that it asked for."""
    certificate: Certificate
    groups: tuple[int, ...] = ()
    """The curves that it may choose from; none for all that there are."""


Choose = Callable[[bytes, Address, Address], Awaitable[Chosen]]
"""Chooses by the message of a ClientHello, our address and the client's.

Raises `RefusedHandshakeError`.
"""


class Service(NamedTuple):
    """What is served."""

    app: ASGIApp
    settings: Settings
    choose: Choose
    state: dict[str, Any] | None = None
    """Each scope has a shallow copy of it."""


class Endpoint(Ending):
    """One socket's sessions."""

    def __init__(self, sock: socket.socket, service: Service, folder: File | None = None) -> None:
        """Serve on a bound UDP socket, of which a copy is made.

        `folder` is where the endpoints of a server find each other; without one it is alone.
        """
        super().__init__()
        self.socket = DatagramSocket(sock.dup())
        self.app, self.settings, self._choose, self.state = service
        self.limits = (self.settings.limits,)
        self.scopes = ScopeReader(self.settings)
        self.context = contextvars.copy_context()
        """The context in which serving began: that of no request."""
        self._loop = asyncio.get_running_loop()
        self.clock = Clock(self._loop, self.settings, self._check)
        self._start = starter(self._loop)
        secret = os.urandom(SECRET) if folder is None else shared_secret(folder)
        self._identity = Identity(secret)
        self._tokens = Tokens(self._identity.token_key)
        self._configuration = configuration()
        self._safe = Safe()
        self._by_id: dict[bytes, Session] = {}
        self._sessions: dict[Session, set[bytes]] = {}
        self._handshakes: set[Session] = set()
        self._resets = 0
        self._touched: set[Session] = set()
        self._relay = (
            Relay(folder, self._identity.owner, self._take) if folder is not None else None
        )
        self._is_open = False
        self._is_draining = False
        self._changed = asyncio.Event()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._sessions)

    # Life -----------------------------------------------------------------------------

    def resume(self) -> None:
        """Take clients."""
        self._loop.add_reader(self.socket.sock, self._read)
        self._is_open = True
        if self._relay is not None:
            self._relay.takes(new=True)

    def pause(self) -> None:
        """Take no new clients; those that there are go on."""
        self._is_open = False
        if self._relay is not None:
            self._relay.takes(new=False)

    async def drain(self, grace: float | None, linger: float = 0.0) -> None:
        """Stop: take no new clients, let what is being answered finish, close the rest: `leave`."""
        self.pause()
        await self.leave(grace, linger)
        self._close()

    def clients(self) -> list[Session]:
        """Return the sessions that there are now."""
        return list(self._sessions)

    def close_idle(self, *, websockets: bool) -> None:
        """Close the sessions on which nothing is being answered."""
        for session in list(self._sessions):
            session.drain(websockets=websockets)

    async def emptied(self) -> None:
        """Wait until there is no session."""
        while self._sessions:
            self._changed.clear()
            await self._changed.wait()

    def _close(self) -> None:
        if self.socket.sock.fileno() < 0:
            return
        self.clock.stop()
        self._loop.remove_reader(self.socket.sock)
        self.socket.sock.close()
        if self._relay is not None:
            self._relay.close()

    # In ---------------------------------------------------------------------------------

    def _read(self) -> None:
        """Take what came, and then let each session that got something do all of it at once."""
        now = self._loop.time()
        for _ in range(_MOST_AT_ONCE):
            came = self.socket.receive()
            if came is None:
                break
            self._dispatch(*came, now)
        self._settle()

    def _settle(self) -> None:
        touched, self._touched = self._touched, set()
        for session in touched:
            session.flush()
        if self._relay is not None:
            self._relay.flush()

    def _take(self, data: bytes, path: Path) -> None:
        """Take what a neighbour passes on."""
        if data:
            self._dispatch(data, path, self._loop.time(), is_relayed=True)
        else:
            self._settle()

    def _dispatch(self, data: bytes, path: Path, now: float, *, is_relayed: bool = False) -> None:
        destination = packet.destination_of(data)
        if destination is None:
            return
        session = self._by_id.get(destination)
        if session is not None:
            session.receive(data, path, now)
            self._touched.add(session)
        elif packet.is_long(data) and packet.unknown_version(data):
            self._negotiate(data, path)
        elif is_relayed or not self._pass_on(destination, data, path):
            begun = packet.initial(data) if packet.is_long(data) else None
            if begun is not None:
                self._begin(begun, data, path, now, is_relayed=is_relayed)
            elif not packet.is_long(data):
                self._reset(destination, data, path)

    def _pass_on(self, destination: bytes, data: bytes, path: Path) -> bool:
        """Let whose it is have a datagram; return whether it is a neighbour's."""
        if self._relay is None or len(destination) != LENGTH:
            return False
        owner = self._identity.owner_of(destination)
        return owner != self._identity.owner and self._relay.pass_on(owner, data, path)

    def _is_own(self, destination: bytes) -> bool:
        return (
            len(destination) == LENGTH
            and self._identity.owner_of(destination) == self._identity.owner
        )

    def _negotiate(self, data: bytes, path: Path) -> None:
        if len(data) >= packet.SMALLEST_INITIAL:
            with suppress(ValueError):
                self.socket.send(packet.negotiation(data), path)

    def _reset(self, destination: bytes, data: bytes, path: Path) -> None:
        """Tell a client that its connection is gone."""
        self._resets += 1
        reset = packet.stateless_reset(data, self._identity.reset_token(destination))
        if reset is not None and self._resets <= _MOST_RESETS:
            self.clock.start()  # which lets more be sent, in time
            self.socket.send(reset, path)

    # The beginning of a session -------------------------------------------------------------

    def _begin(
        self, begun: packet.Initial, data: bytes, path: Path, now: float, *, is_relayed: bool
    ) -> None:
        if not self._is_open:
            if self._relay is not None and not is_relayed:
                self._relay.pass_to_taker(begun.destination, data, path)
            return
        if len(self._sessions) >= _MOST_SESSIONS or len(self._handshakes) >= _MOST_HANDSHAKES:
            return
        original, retried = begun.destination, None
        if begun.token:
            found = self._tokens.original_id(begun.token, path.address, begun.destination)
            if found is not None:
                original, retried = found, begun.destination
        if retried is None and self._is_own(begun.destination):  # of a connection that is gone
            return
        if retried is None and len(self._handshakes) >= _MANY_HANDSHAKES:
            self._ask_again(begun, path)
            return
        self.clock.start()  # it is what a session's times are of
        quic = QuicConnection(self._configuration, self._identity, original, retried)
        session = Session(self, quic, path)
        session.receive(data, path, now)
        if quic.has_begun:  # or else it was noise
            self._keep(session, begun.destination)

    def _ask_again(self, begun: packet.Initial, path: Path) -> None:
        """Have a client show that it gets what is sent to its address (RFC 9000 §8.1.2)."""
        retry_id = self._identity.connection_id()
        token = self._tokens.make(path.address, begun.destination, retry_id)
        self.socket.send(
            encode_quic_retry(begun.version, retry_id, begun.source, begun.destination, token),
            path,
        )

    def _keep(self, session: Session, destination: bytes) -> None:
        self._sessions[session] = set()
        self._handshakes.add(session)
        self._touched.add(session)
        for each in (destination, *session.quic.connection_ids):
            self.issued(each, session)

    async def secure(self, session: Session, message: bytes) -> None:
        """Choose the certificate for a client that has said what it wants."""
        try:
            chosen = await self._choose(message, session.server, session.client)
            credentials = self._safe.of(chosen.certificate)
        except RefusedHandshakeError as error:
            log.debug("handshake refused: %s", error)
            session.refuse(error.alert)
        except Exception:
            log.exception("no certificate could be chosen")
            session.refuse(INTERNAL_ERROR)
        else:
            session.secure(chosen, credentials)

    # What sessions tell -------------------------------------------------------------------

    def issued(self, connection_id: bytes, session: Session) -> None:
        """Know a session by one more connection ID."""
        own = self._sessions.get(session)
        if own is not None:
            own.add(connection_id)
            self._by_id[connection_id] = session

    def retired(self, connection_id: bytes, session: Session) -> None:
        """Know it by one less."""
        own = self._sessions.get(session)
        if own is not None and connection_id in own:
            own.discard(connection_id)
            del self._by_id[connection_id]

    def established(self, session: Session) -> None:
        """Count a handshake as done."""
        self._handshakes.discard(session)

    def closed(self, session: Session) -> None:
        """Count a session out."""
        self._handshakes.discard(session)
        for connection_id in self._sessions.pop(session, ()):
            del self._by_id[connection_id]
        if not self._sessions:
            self.clock.stop()
        self._changed.set()

    # What sessions need ----------------------------------------------------------------------

    def run(
        self,
        running: Coroutine[Any, Any, None],
        done: Callable[[asyncio.Task[None]], None] | None = None,
    ) -> None:
        """Run something of a session's, which may outlive it."""
        task = self._start(running)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        if done is not None:
            task.add_done_callback(done)

    @cached_property
    def host(self) -> Host:
        """What WebSockets share."""
        from snake.transport.hypercorn import Host  # noqa: PLC0415  (few need it)

        return Host(cast(Any, self))

    def limits_with(self, own: tuple[Limits, ...], limits: Limits) -> tuple[Limits, ...]:
        """Return the limits of a request and one more; it is seen to that they are kept in time."""
        for timeout in (limits.read_timeout, limits.write_timeout):
            if timeout is not None:
                self.clock.quicken(timeout)
        return (*(own or self.limits), limits)

    def stamp(self, flags: int) -> list[tuple[bytes, bytes]]:
        """Return the fields that the transport adds to a head, by what it has already."""
        server = self.settings.server_header
        fields = [] if flags & DATED else [(b"date", self.clock.date[6:-2])]
        return fields if flags & NAMED or not server else [*fields, (b"server", server)]

    def _check(self, now: float) -> None:
        self._resets = 0
        for session in list(self._sessions):
            session.enforce(now)
        if not self._sessions:
            self.clock.stop()
