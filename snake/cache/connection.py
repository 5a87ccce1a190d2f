"""Connection: one connection to a cache, for the thread that has it; and those that are kept."""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from snake.cache.address import Address
from snake.cache.calls import Call
from snake.cache.failure import CacheError, CacheUnavailableError, failure
from snake.cache.resp import MORE, ProtocolError, Replies, Reply, ReplyError, encode_command

if TYPE_CHECKING:
    from ssl import SSLContext

T = TypeVar("T")

KEPT = 64
"""Connections that are kept while nobody uses them."""
RECEIVED = 65_536
SLACK = 5.0
"""Seconds beyond those that a blocking command may take, before the server is given up."""


def greeting(address: Address) -> list[list[bytes]]:
    """Return what is said first on a connection."""
    said = []
    if address.secret:
        name = [address.name.encode()] if address.name else []
        said.append([b"AUTH", *name, address.secret.encode()])
    if address.db:
        said.append([b"SELECT", b"%d" % address.db])
    return said


def tls(address: Address) -> SSLContext | None:
    """Return how a connection is encrypted, if it is."""
    if not address.tls:
        return None
    import ssl  # noqa: PLC0415  (few need it, and it takes a while)

    context = ssl.create_default_context(
        cafile=address.cafile or None, cadata=address.cadata or None
    )
    if address.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Connection:
    """One connection. Once it has raised `OSError` or `ProtocolError`, it is of no more use."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._sock = _connect(address)
        self._replies = Replies()
        self._poll = select.poll()
        self._poll.register(self._sock, select.POLLIN)
        self.pid = os.getpid()
        try:
            for args in greeting(address):
                self.exchange(args)
        except BaseException:
            self.close()
            raise

    @property
    def fresh(self) -> bool:
        """Whether it is as it was left: open, ours, and with nothing to read."""
        return self.pid == os.getpid() and not self._poll.poll(0)

    def exchange(self, args: list[bytes], wait: float = 0.0) -> Reply:
        """Ask, and return the answer. Raises `CacheError` if that is an error, too."""
        # A server that will not have us may have said why before it closed.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send(args)
        reply = self.receive(self._address.timeout if not wait else wait + SLACK)
        if isinstance(reply, ReplyError):
            raise failure(reply)
        return reply

    def send(self, args: list[bytes]) -> None:
        """Ask."""
        self._sock.sendall(encode_command(args))

    def receive(self, timeout: float | None) -> Reply:
        """Return the next answer, or message."""
        while (reply := self._replies.next()) is MORE:
            if self._sock.gettimeout() != timeout:
                self._sock.settimeout(timeout)
            data = self._sock.recv(RECEIVED)
            if not data:
                raise ConnectionResetError("it closed the connection")
            self._replies.feed(data)
        return reply

    def close(self) -> None:
        """Close it."""
        self._sock.close()


def lost(address: Address, cause: BaseException) -> CacheUnavailableError:
    """Return what it means to the app that a connection failed."""
    if isinstance(cause, TimeoutError):
        what = "it did not answer in time"
    else:
        what = (isinstance(cause, OSError) and cause.strerror) or str(cause)
    error = CacheUnavailableError(f"the cache at {address.shown} is not available: {what}")
    error.reason = what
    return error


def _connect(address: Address) -> socket.socket:
    if not address.path:
        where = (address.host, address.port)
        sock = socket.create_connection(where, address.timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = tls(address)
        return context.wrap_socket(sock, server_hostname=address.host) if context else sock
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(address.timeout)
    try:
        sock.connect(address.path)
    except BaseException:
        sock.close()
        raise
    return sock


class Connections:
    """Connections that are kept, one for each thread that uses one at a time."""

    def __init__(self, address: Address) -> None:
        self._address = address
        # A deque's ends are safe to use from several threads.
        self._idle: deque[Connection] = deque()

    def run(self, call: Call[T]) -> T:
        """Run a command. Raises `CacheError`."""
        connection, kept = self.take()
        try:
            reply = connection.exchange(call.args, call.wait)
        except (OSError, ProtocolError) as error:
            connection.close()
            if not (kept and call.safe) or isinstance(error, TimeoutError):
                raise lost(self._address, error) from error
        except CacheError:
            self.keep(connection)
            raise
        except BaseException:
            connection.close()
            raise
        else:
            self.keep(connection)
            return call.read(reply)
        # The server has gone since the connection was last used, and may be there again.
        self.close()
        return self.run(call)

    def take(self) -> tuple[Connection, bool]:
        """Return a connection, and whether it is one that was kept. Raises `CacheError`."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if connection.fresh:
                return connection, True
            connection.close()
        try:
            return Connection(self._address), False
        except (OSError, ProtocolError) as error:
            raise lost(self._address, error) from error

    def keep(self, connection: Connection) -> None:
        """Take one back on which an answer has come for all that was asked."""
        if len(self._idle) < KEPT:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close all that nobody uses."""
        while self._idle:
            try:
                self._idle.pop().close()
            except IndexError:
                return
