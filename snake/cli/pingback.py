"""Pingback: how a server that was started in the background says that it serves.

As in Caddy: whoever starts it listens on a port, and writes bytes that nobody can guess to its
stdin; once it serves it connects to the port and sends them back.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self

from snake.core.errors import SnakeError

SIZE = 32
"""Bytes that `start` sends."""
LARGEST = 4096
"""Bytes that anybody may send."""
_LIMIT = 5.0
"""Seconds for the exchange, which is one between two processes of a machine."""


def confirm(address: str, token: bytes) -> None:
    """Send the bytes back to `host:port`. Raises `SnakeError`."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        raise SnakeError(f'--pingback takes HOST:PORT, got "{address}"')
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _LIMIT) as connection:
            connection.sendall(token)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SnakeError(f"--pingback: cannot tell {address} that all is well: {reason}") from None


class Awaited:
    """Listens for the bytes to come back. It is a context manager."""

    def __init__(self) -> None:
        self.token = secrets.token_bytes(SIZE)
        self._listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()

    @property
    def address(self) -> str:
        """Where it listens, as `host:port`."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def has_come(self, limit: float) -> bool:
        """Tell whether the bytes come within so many seconds. Whoever sends others is nobody."""
        self._listener.settimeout(limit)
        try:
            connection, _ = self._listener.accept()
        except TimeoutError:
            return False
        received = b""
        with connection, suppress(OSError):
            connection.settimeout(_LIMIT)
            while len(received) <= SIZE and (data := connection.recv(SIZE + 1)):
                received += data
        return hmac.compare_digest(received, self.token)
