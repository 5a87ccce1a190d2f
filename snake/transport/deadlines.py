"""What a connection may wait for, and how long. Asked once a tick (`clock.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from snake.transport import http1
from snake.transport.body import RequestBody
from snake.transport.http1 import Connection
from snake.transport.limits import Limits, Pace

if TYPE_CHECKING:
    from snake.transport.serve import Serving


class Speaking(Protocol):
    """A connection of either protocol."""

    transport: asyncio.Transport
    serving: Serving
    write_paused: bool
    sent: int
    taken: int
    taken_at: float

    def abort(self, *, reset: bool = False) -> None:
        """Close at once."""
        ...


_LINGER = 2.0
"""Seconds in which a client can read our last bytes before the connection is gone."""


def enforce(connection: Connection, now: float) -> None:
    """End the connection, or its request, if it has waited too long."""
    settings = connection.serving.settings
    waited = now - connection.since
    match connection.phase:
        case http1.IDLE:
            enforce_write(connection, now)
            if connection.transport.get_write_buffer_size():
                connection.since = now
            elif over(waited, settings.idle_timeout):
                connection.close()
        case http1.HEAD:
            enforce_write(connection, now)
            if over(waited, settings.read_header_timeout):
                connection.header_late()
        case http1.BUSY:
            _enforce_busy(connection, now)
        case http1.HANDED:
            _enforce_guest(connection, now)
        case http1.TUNNEL:
            _enforce_tunnel(connection, now)
        case http1.CLOSING:
            enforce_closing(connection, now, waited)


def _enforce_busy(connection: Connection, now: float) -> None:
    settings = connection.serving.settings
    exchange = connection.exchange
    body = exchange.body if exchange is not None else None
    if exchange is None:
        return
    if connection.half_closed:
        exchange.look_after()
    if exchange.pace is None:
        exchange.pace = Pace()
    pace, limits = exchange.pace, exchange.limits or connection.serving.limits
    if (
        body is not None
        and not body.complete
        and connection.reading
        and (
            _sends_too_slowly(connection, body, pace, limits, now)
            or over(now - connection.since, settings.read_timeout)
        )
    ):
        connection.body_late(exchange)
    elif over(now - exchange.began, settings.write_timeout) or (
        (connection.half_closed or not connection.reading) and connection.is_lost()
    ):
        connection.abort()
    else:
        enforce_write(connection, now, pace, limits)


def _sends_too_slowly(
    connection: Connection, body: RequestBody, pace: Pace, limits: Sequence[Limits], now: float
) -> bool:
    pace.sending += connection.serving.clock.tick
    pace.sent = body.received
    return any(each.send_too_slowly(now - body.since, pace) for each in limits)


def _enforce_guest(connection: Connection, now: float) -> None:
    settings = connection.serving.settings
    guest = connection.guest
    if guest is None:
        return
    if guest.silent and over(now - connection.since, settings.read_header_timeout):
        connection.abort()
    elif guest.idle and over(now - guest.since, settings.idle_timeout):
        guest.close()
    elif not connection.reading and connection.is_lost():
        connection.abort()
    else:
        enforce_write(connection, now)


def _enforce_tunnel(connection: Connection, now: float) -> None:
    """End a tunnel whose client is gone, or does not take the last bytes. It may wait for ever."""
    tunnel = connection.tunnel
    if connection.transport.is_closing():
        enforce_write(connection, now)
    elif tunnel is not None and not tunnel.is_reading() and connection.is_lost():
        connection.abort()


def enforce_closing(connection: Speaking, now: float, waited: float) -> None:
    """Let go of a connection on which everything was said."""
    enforce_write(connection, now)
    if waited > _LINGER and not connection.transport.get_write_buffer_size():
        connection.abort()


def enforce_write(
    connection: Speaking, now: float, pace: Pace | None = None, limits: Sequence[Limits] = ()
) -> None:
    """End a connection whose client takes too little; between requests, nothing at all."""
    waiting = connection.transport.get_write_buffer_size()
    taken = connection.sent - waiting
    is_waiting = waiting > 0 or connection.write_paused
    if pace is not None and is_waiting:
        pace.taking += connection.serving.clock.tick
        pace.taken += taken - connection.taken
    if not is_waiting or taken != connection.taken:
        connection.taken = taken
        connection.taken_at = now
    idle = now - connection.taken_at
    if not is_waiting:
        return
    if pace is None:
        slow = over(idle, connection.serving.settings.write_idle_timeout)
    else:
        slow = any(each.take_too_slowly(idle, pace) for each in limits)
    if slow:
        connection.abort()


def over(waited: float, timeout: float | None) -> bool:
    """Whether something has taken too long."""
    return timeout is not None and waited > timeout
