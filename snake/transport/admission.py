"""Admission: what happens between a connection's acceptance and its first byte of HTTP."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol

from snake.core.record import Record

Address = tuple[str, int]


class Admission(Record):
    """A connection that was let in."""

    client: Address | None
    """Of whom it is; `None` for a Unix socket."""
    server: tuple[str, int | None] | None
    """Where it was made to; a Unix socket's path has no port."""
    begun: bytes = b""
    """What was read already of what HTTP is to read."""


class RefusedConnectionError(Exception):
    """A connection that is not let in, and why."""


class ListenerWrapper(Protocol):
    """Looks at each connection of a listener before HTTP does (Caddy: `caddy.listeners`)."""

    async def admit(self, sock: socket.socket, admission: Admission) -> Admission:
        """Return what is known of a connection now.

        Raises `RefusedConnectionError`, or `OSError` when the client is gone.
        """
        ...


def admission(sock: socket.socket) -> Admission:
    """Return what is known of a connection by itself. Raises `OSError`."""
    return Admission(host_and_port(sock.getpeername()), _place(sock.getsockname()))


def of_transport(transport: asyncio.BaseTransport) -> Admission:
    """Return the same of a connection that the loop has."""
    return Admission(
        host_and_port(transport.get_extra_info("peername")),
        _place(transport.get_extra_info("sockname")),
    )


def host_and_port(name: object) -> Address | None:
    """Return host and port of a TCP address, IPv4 unmapped; a Unix socket's has none."""
    return (name[0].removeprefix("::ffff:"), name[1]) if isinstance(name, tuple) else None


def _place(name: object) -> tuple[str, int | None] | None:
    return (name, None) if isinstance(name, str) and name else host_and_port(name)


async def readable(sock: socket.socket) -> None:
    """Wait until there is something to read, or the end."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sock)
