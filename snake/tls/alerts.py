"""Alerts: what a client is told whose handshake goes no further (RFC 8446 §6.2)."""

from __future__ import annotations

from snake.core.errors import SnakeError

HANDSHAKE_FAILURE = 40
PROTOCOL_VERSION = 70
DECODE_ERROR = 50
UNEXPECTED_MESSAGE = 10
INTERNAL_ERROR = 80
NO_APPLICATION_PROTOCOL = 120

_FATAL = b"\x15\x03\x01\x00\x02\x02"
"""A record of an alert (RFC 8446 §5.1, B.2) that ends the connection, without its reason."""


class RefusedHandshakeError(SnakeError):
    """A handshake that goes no further; `alert` is what the client is told."""

    def __init__(self, message: str, alert: int = INTERNAL_ERROR) -> None:
        super().__init__(message)
        self.alert = alert


def fatal(alert: int) -> bytes:
    """Return the record with an alert, as it is sent before anything is encrypted."""
    return _FATAL + bytes((alert,))
