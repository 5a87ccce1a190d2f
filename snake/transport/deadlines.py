"""What a connection may wait for, and how long. Asked once a tick (`clock.py`)."""

from __future__ import annotations

from snake.transport import http1
from snake.transport.http1 import Connection

_LINGER = 2.0
"""Seconds in which a client can read our last bytes before the connection is gone."""


def enforce(connection: Connection, now: float) -> None:
    """End the connection, or its request, if it has waited too long."""
    settings = connection.serving.settings
    waited = now - connection.since
    match connection.phase:
        case http1.IDLE:
            _enforce_write(connection, now)
            if connection.transport.get_write_buffer_size():
                connection.since = now
            elif _over(waited, settings.idle_timeout):
                connection.close()
        case http1.HEAD:
            _enforce_write(connection, now)
            if _over(waited, settings.read_header_timeout):
                connection.header_late()
        case http1.BUSY:
            _enforce_busy(connection, now)
        case http1.HANDED:
            _enforce_guest(connection, now)
        case http1.TUNNEL:
            _enforce_tunnel(connection, now)
        case http1.CLOSING:
            _enforce_closing(connection, now, waited)


def _enforce_busy(connection: Connection, now: float) -> None:
    settings = connection.serving.settings
    exchange = connection.exchange
    body = exchange.body if exchange is not None else None
    if exchange is None:
        return
    if connection.half_closed:
        exchange.look_after()
    if (
        body is not None
        and not body.complete
        and connection.reading
        and (
            _over(now - body.since, settings.read_idle_timeout)
            or _over(now - connection.since, settings.read_timeout)
        )
    ):
        connection.body_late(exchange)
    elif _over(now - exchange.began, settings.write_timeout) or (
        (connection.half_closed or not connection.reading) and connection.is_lost()
    ):
        connection.abort()
    else:
        _enforce_write(connection, now)


def _enforce_guest(connection: Connection, now: float) -> None:
    settings = connection.serving.settings
    guest = connection.guest
    if guest is None:
        return
    if guest.silent and _over(now - connection.since, settings.read_header_timeout):
        connection.abort()
    elif guest.idle and _over(now - guest.since, settings.idle_timeout):
        guest.close()
    elif not connection.reading and connection.is_lost():
        connection.abort()
    else:
        guest.enforce(now)
        _enforce_write(connection, now)


def _enforce_tunnel(connection: Connection, now: float) -> None:
    """End a tunnel whose client is gone, or does not take the last bytes. It may wait for ever."""
    tunnel = connection.tunnel
    if connection.transport.is_closing():
        _enforce_write(connection, now)
    elif tunnel is not None and not tunnel.is_reading() and connection.is_lost():
        connection.abort()


def _enforce_closing(connection: Connection, now: float, waited: float) -> None:
    _enforce_write(connection, now)
    if waited > _LINGER and not connection.transport.get_write_buffer_size():
        connection.abort()


def _enforce_write(connection: Connection, now: float) -> None:
    waiting = connection.transport.get_write_buffer_size()
    taken = connection.sent - waiting
    if not (waiting or connection.write_paused) or taken != connection.taken:
        connection.taken = taken
        connection.taken_at = now
    elif _over(now - connection.taken_at, connection.serving.settings.write_idle_timeout):
        connection.abort()


def _over(waited: float, timeout: float | None) -> bool:
    return timeout is not None and waited > timeout
