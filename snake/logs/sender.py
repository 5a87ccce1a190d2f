"""The sender: a thread that brings lines to a socket, and dials again when it is gone.

Requests never wait for it. While nobody takes them, lines are kept up to a bound; what is
beyond that, and what is left at the end, goes to stderr, as Caddy has it with all lines.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from contextlib import suppress
from time import monotonic

from snake.core.network import NetworkAddress
from snake.logs.trouble import complain
from snake.logs.writers import Writer, stderr

LARGEST = 1 << 20
"""Bytes that are kept while they cannot be sent."""
_SEND_TIMEOUT = 10.0
"""Seconds in which the other end must take something."""
_DIAL_TIMEOUT = 10.0
_PAUSES = (0.1, 10.0)
"""Seconds before dialling again: at first, and at most."""
_LAST = 2.0
"""Seconds to send what is left at the end."""


class Sender(Writer):
    """Sends lines; a datagram each, where it is datagrams."""

    def __init__(self, address: NetworkAddress, dial_timeout: float | None) -> None:
        super().__init__(-1, str(address))
        self._address = address
        self._dial_timeout = dial_timeout or _DIAL_TIMEOUT
        self._socket: socket.socket | None = None
        self._sending = b""
        self._waiting: list[bytes] = []
        self._size = 0
        self._news = threading.Condition(self._lock)
        self._ends_at = 0.0
        self._is_away = False
        self._thread = threading.Thread(target=self._run, name=f"log to {address}", daemon=True)

    @property
    def is_terminal(self) -> bool:
        """Return that it is none."""
        return False

    def dial(self) -> None:
        """Connect. Raises `OSError`."""
        if self._address.is_unix:
            kind = {"unixgram": socket.SOCK_DGRAM}.get(self._address.network, socket.SOCK_STREAM)
            found = socket.socket(socket.AF_UNIX, kind)
            found.settimeout(self._dial_timeout)
            try:
                found.connect(self._address.host.partition("|")[0])
            except OSError:
                found.close()
                raise
        elif self._is_datagram:
            found = _datagram_socket(self._address)
        else:
            where = (self._address.host or "localhost", self._address.start_port)
            found = socket.create_connection(where, self._dial_timeout)
        found.settimeout(_SEND_TIMEOUT)
        self._socket = found

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self) -> None:
        """Send what is left, for a moment, and end."""
        with self._news:
            self._ends_at = monotonic() + _LAST
            self._news.notify()
        self._thread.join(_LAST)
        if self._thread.is_alive() and self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # it waits for who takes nothing
            self._thread.join(1)
        left = b"".join([self._sending, *self._waiting])
        if left:
            stderr().write(left)
        self._hang_up()

    def write(self, lines: bytes) -> None:
        """Have lines sent. Never waits."""
        with self._news:
            fits = self._size + len(lines) <= LARGEST and not self._ends_at
            if fits:
                self._waiting.append(lines)
                self._size += len(lines)
                self._news.notify()
        if not fits:
            stderr().write(lines)

    @property
    def _is_datagram(self) -> bool:
        return self._address.is_datagram or self._address.network == "unixgram"

    def _run(self) -> None:
        pause, worst = _PAUSES
        while self._has_lines():
            try:
                if self._socket is None:
                    self.dial()
                self._send()
            except OSError as error:
                self._hang_up()
                self._failed(error)
                if self._rests(pause):
                    return
                pause = min(pause * 2, worst)
            else:
                pause = _PAUSES[0]
                self._succeeded()

    def _has_lines(self) -> bool:
        """Wait for lines to send; tell whether there are any, as until the end."""
        with self._news:
            while not (self._sending or self._waiting or self._ends_at):
                self._news.wait()
            if not self._sending:
                self._sending, self._waiting = b"".join(self._waiting), []
                self._size = len(self._sending)
            return bool(self._sending)

    def _rests(self, pause: float) -> bool:
        """Wait before dialling again; tell whether it is time to end."""
        until = monotonic() + pause
        with self._news:
            while not self._ends_at and (left := until - monotonic()) > 0:
                self._news.wait(left)
            return bool(self._ends_at)

    def _send(self) -> None:
        """Send lines. Raises `OSError`; then the line that was not sent as a whole comes again."""
        assert self._socket is not None  # noqa: S101  (it was dialled)
        if not self._is_datagram and _is_closed(self._socket):
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        if self._is_datagram:
            self._send_datagrams(self._socket)
            return
        done = 0
        try:
            while done < len(self._sending):
                done += self._socket.send(self._sending[done:])
        finally:
            self._sending = self._sending[self._sending.rfind(b"\n", 0, done) + 1 :]

    def _send_datagrams(self, connected: socket.socket) -> None:
        while self._sending:
            line, _, rest = self._sending.partition(b"\n")
            connected.send(line)
            self._sending = rest

    def _failed(self, error: OSError) -> None:
        if not self._is_away:
            complain(f"cannot send log lines to {self._address}", error=str(error))
        self._is_away = True

    def _succeeded(self) -> None:
        if self._is_away:
            complain(f"log lines are sent to {self._address} again")
        self._is_away = False

    def _hang_up(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None


def _datagram_socket(address: NetworkAddress) -> socket.socket:
    (found, *_) = socket.getaddrinfo(
        address.host or "localhost", address.start_port, type=socket.SOCK_DGRAM
    )
    made = socket.socket(found[0], socket.SOCK_DGRAM)
    try:
        made.connect(found[4])
    except OSError:
        made.close()
        raise
    return made


def _is_closed(connection: socket.socket) -> bool:
    """Tell whether the other end has closed it, which a `send` would not notice."""
    if not select.select([connection], [], [], 0)[0]:
        return False
    with suppress(OSError):
        return not connection.recv(4096)
    return True
