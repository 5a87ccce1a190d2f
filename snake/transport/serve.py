"""serve: accept connections on a socket and answer them with an app, until drained."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import logging
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from snake.transport.admission import (
    Admission,
    ListenerWrapper,
    RefusedConnectionError,
    admission,
    host_and_port,
)
from snake.transport.asgi import ASGIApp, Scope
from snake.transport.clock import Clock
from snake.transport.deadlines import enforce
from snake.transport.ending import Ending
from snake.transport.head import HeadReader
from snake.transport.http1 import Connection
from snake.transport.keepalive import prepare
from snake.transport.limits import Limits
from snake.transport.multiplexed import ScopeReader
from snake.transport.running import Run
from snake.transport.settings import Settings
from snake.transport.start import answer_options, starter

if TYPE_CHECKING:
    from snake.tls.encryption import Encryption
    from snake.tls.engine import Engine
    from snake.tls.secured import Secured
    from snake.transport.http2.connection import HTTP2Connection
    from snake.transport.hypercorn import Guest, Host
    from snake.transport.tls import Handshake

log = logging.getLogger("snake.http")

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_BACKOFF = 1.0
"""Seconds without accepting after the process or the system ran out of something."""
_MOST_AT_ONCE = 128
"""Connections accepted before those that are open get their turn."""


async def serve(  # noqa: PLR0913  (each of it belongs to the socket alone)
    sock: socket.socket,
    app: ASGIApp,
    settings: Settings,
    *,
    state: dict[str, Any] | None = None,
    wrappers: Sequence[ListenerWrapper] = (),
    encryption: Encryption | None = None,
) -> Serving:
    """Serve `app` on a bound and listening TCP or Unix socket; return at once.

    Each scope has a shallow copy of `state`, if it is given. Each connection goes through the
    wrappers first, in order, and then, with `encryption`, through a handshake of TLS. The socket
    stays the caller's: it is never closed here.
    """
    serving = Serving(sock, app, settings, state, wrappers, encryption=encryption)
    serving.resume()
    return serving


class Serving(Ending):
    """One socket that is served: its open connections, and how to end them."""

    def __init__(  # noqa: PLR0913  (what `serve` is told, and the one who runs servers)
        self,
        sock: socket.socket,
        app: ASGIApp,
        settings: Settings,
        state: dict[str, Any] | None,
        wrappers: Sequence[ListenerWrapper] = (),
        *,
        encryption: Encryption | None = None,
    ) -> None:
        super().__init__()
        prepare(sock, settings)
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self.context = contextvars.copy_context()
        """The context in which serving began: that of no request."""
        self._open: set[Connection | HTTP2Connection] = set()
        self._closed = asyncio.Event()
        self._accepting = False
        self._exhausted = False
        self._backoff: asyncio.TimerHandle | None = None
        self.start = starter(self._loop)
        self.app = app
        self.settings = settings
        self.limits = (settings.limits,)
        self.state = state
        self.heads = HeadReader(settings)
        self.scopes = ScopeReader(settings)
        self.clock = Clock(self._loop, settings, self._check)
        self.draining = False
        """Whether an answer is the last on its connection."""
        self.closing = False
        """Whether connections are closed that are not being answered."""
        self._host: Host | None = None
        self._wrappers = wrappers
        self._encryption = encryption
        self._shaking: set[Handshake] = set()
        """Clients whose connections are not encrypted yet."""
        self._waiting: set[asyncio.Task[Any]] = set()
        """Connections that the wrappers have not let in yet."""

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._open)

    # Accepting ------------------------------------------------------------------

    def resume(self) -> None:
        """Accept connections."""
        self._backoff = None
        if not self._accepting and not self.draining:
            self._accepting = True
            self._loop.add_reader(self._sock, self._accept)

    def pause(self) -> None:
        """Accept no connections until `resume`; new ones wait in the socket's queue."""
        if self._backoff is not None:
            self._backoff.cancel()
            self._backoff = None
        if self._accepting:
            self._accepting = False
            self._loop.remove_reader(self._sock)

    def _accept(self) -> None:
        for _ in range(_MOST_AT_ONCE):
            try:
                client, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._back_off(error)
                return
            self._exhausted = False
            client.setblocking(False)  # noqa: FBT003
            if self._wrappers:
                _keep(self.start(self._wrap(client)), self._waiting)
            else:
                _keep(self.start(self._admit(client)), self.tasks)

    async def _admit(self, client: socket.socket, admitted: Admission | None = None) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: self._newcomer(admitted), client)
        except OSError:  # it was reset before it was ours
            client.close()

    async def _wrap(self, client: socket.socket) -> None:
        """Let a connection through all wrappers, or close it."""
        try:
            admitted = admission(client)
            for wrapper in self._wrappers:
                admitted = await wrapper.admit(client, admitted)
        except RefusedConnectionError as error:
            log.info("refused a connection: %s", error, extra={"fields": {"remote": _name(client)}})
            client.close()
        except BaseException as error:
            client.close()
            if not isinstance(error, OSError):
                raise
        else:
            await self._admit(client, admitted)

    def _newcomer(self, admitted: Admission | None) -> asyncio.Protocol:
        """Return what speaks first on a new connection."""
        if self._encryption is None:
            return Connection(self, admitted)
        # A server without TLS never loads it.
        from snake.transport.tls import Handshake  # noqa: PLC0415

        return Handshake(self, self._encryption, admitted)

    def establish(
        self, raw: asyncio.Transport, engine: Engine, admitted: Admission, secured: Secured
    ) -> None:
        """Speak HTTP on a connection that is encrypted now."""
        from snake.transport.encrypted import EncryptedTransport  # noqa: PLC0415  (as above)

        admitted = msgspec.structs.replace(admitted, begun=b"")
        connection: Connection | HTTP2Connection
        if secured.alpn == "h2":
            connection = self._http2(admitted, secured)
        else:
            connection = Connection(self, admitted, secured)
        transport = EncryptedTransport(raw, engine, connection)
        connection.connection_made(transport)
        transport.begin()

    def _back_off(self, error: OSError) -> None:
        """Let connections wait while there are no file descriptors for them."""
        if error.errno not in _EXHAUSTED:
            raise error
        self.pause()
        if not self._exhausted:
            self._exhausted = True
            log.error("cannot accept connections, trying again every %.0f s: %s", _BACKOFF, error)
        self._backoff = self._loop.call_later(_BACKOFF, self.resume)

    # What connections need ---------------------------------------------------------

    def run(self, request: Run, scope: Scope) -> None:
        """Start the app for a request."""
        if self.state is not None:
            scope["state"] = self.state.copy()
        app = self.app if scope["raw_path"] != b"*" else answer_options
        running = request.begin(app, scope)
        if running is not None:
            _keep(self.start(running), self.tasks)

    def soon(self, callback: Callable[[], object]) -> None:
        """Call back in the next turn of the loop, in the context in which serving began."""
        self._loop.call_soon(callback, context=self.context)

    def opened(self, connection: Connection | HTTP2Connection) -> None:
        """Count a connection in."""
        self._open.add(connection)
        self.clock.start()

    def closed(self, connection: Connection | HTTP2Connection) -> None:
        """Count a connection out."""
        self._open.discard(connection)
        self._rest()

    def shaking(self, handshake: Handshake) -> None:
        """Count in a connection that is about to be encrypted."""
        self._shaking.add(handshake)
        self.clock.start()

    def shaken(self, handshake: Handshake) -> None:
        """Count it out."""
        self._shaking.discard(handshake)
        self._rest()

    def _rest(self) -> None:
        if not (self._open or self._shaking):
            self.clock.stop()
            self._closed.set()

    def limits_with(self, own: tuple[Limits, ...], limits: Limits) -> tuple[Limits, ...]:
        """Return the limits of a request and one more; it is seen to that they are kept in time."""
        for timeout in (limits.read_timeout, limits.write_timeout):
            if timeout is not None:
                self.clock.quicken(timeout)
        return (*(own or self.limits), limits)

    def hand_over(self, connection: Connection, begun: bytes, data: bytes) -> Guest:
        """Let Hypercorn go on with a connection that began like this, and from `data` on."""
        return self.host.adopt(connection, begun, data)

    @property
    def host(self) -> Host:
        """What WebSockets share."""
        if self._host is None:
            # Not before someone needs it: it is half of a worker's imports.
            from snake.transport.hypercorn import Host  # noqa: PLC0415

            self._host = Host(self)
        return self._host

    def speak_http2(self, connection: Connection, data: bytes) -> None:
        """Go on in HTTP/2 with a connection on which `data` came first."""
        transport = connection.transport
        other = self._http2(Admission(connection.client, connection.server), None)
        other.reading = connection.reading
        transport.set_protocol(other)
        other.connection_made(transport)
        self._open.discard(connection)
        other.data_received(data)

    def _http2(self, admitted: Admission, secured: Secured | None) -> HTTP2Connection:
        from snake.transport.http2.connection import HTTP2Connection  # noqa: PLC0415  (as above)

        return HTTP2Connection(self, admitted, secured)

    def _check(self, now: float) -> None:
        for connection in list(self._open):
            if isinstance(connection, Connection):
                enforce(connection, now)
            else:
                connection.enforce(now)
        for handshake in list(self._shaking):
            handshake.enforce(now, self.settings.handshake_timeout)

    # The end -------------------------------------------------------------------------

    async def drain(self, grace: float | None, linger: float = 0.0) -> None:
        """Stop: accept nothing, let what is being answered finish, close the rest, as `leave`.

        What still comes is answered for the last time. Returns when nothing is left but apps that
        do not let themselves be cancelled.
        """
        self.pause()
        self.draining = True
        await self.leave(grace, linger)

    def clients(self) -> list[Connection | HTTP2Connection]:
        """Return the connections that there are now."""
        return list(self._open)

    def close_idle(self, *, websockets: bool) -> None:
        """Close the connections on which nothing is being answered, from now on."""
        self.closing = True
        for task in self._waiting:
            task.cancel()
        for connection in list(self._open):
            connection.drain(websockets=websockets)
        for handshake in list(self._shaking):
            handshake.abort()

    async def emptied(self) -> None:
        """Wait until there is no connection."""
        while self._open or self._shaking:
            self._closed.clear()
            await self._closed.wait()


def _keep(task: asyncio.Task[None], tasks: set[asyncio.Task[Any]]) -> None:
    """Keep a task from the garbage collector until it is done."""
    if not task.done():
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def _name(client: socket.socket) -> str:
    """Return the address of a peer; nothing when it is gone."""
    try:
        name = host_and_port(client.getpeername())
    except OSError:
        return ""
    return f"{name[0]}:{name[1]}" if name else ""
