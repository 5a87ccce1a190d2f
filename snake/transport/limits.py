"""Limits: how slow a client may be with one request.

Without a rate, a time is how long the client may send or take nothing. With one, as in Apache's
mod_reqtimeout and in Caddy, it is what the client has at first, and each byte adds to it:
whoever keeps up the rate may go on, and whoever only drips may not.
"""

from __future__ import annotations

from snake.core.record import Record


class Limits(Record):
    """Seconds, `None` for no limit, and bytes a second, 0 for no rate."""

    read_timeout: float | None = None
    read_min_rate: int = 0
    write_timeout: float | None = None
    write_min_rate: int = 0

    def send_too_slowly(self, idle: float, pace: Pace) -> bool:
        """Whether the client is too slow with its body; it has sent nothing for `idle` seconds."""
        return _over(self.read_timeout, self.read_min_rate, idle, pace.sending, pace.sent)

    def take_too_slowly(self, idle: float, pace: Pace) -> bool:
        """The same for what it is sent."""
        return _over(self.write_timeout, self.write_min_rate, idle, pace.taking, pace.taken)


def _over(timeout: float | None, rate: int, idle: float, waited: float, count: int) -> bool:
    if timeout is None:
        return False
    return waited > timeout + count / rate if rate > 0 else idle > timeout


class Pace:
    """How long one client was waited for, and what it did in that time."""

    __slots__ = ("sending", "sent", "taken", "taking")

    def __init__(self) -> None:
        self.sending = 0.0
        """Seconds in which more of the body was wanted."""
        self.sent = 0
        """Bytes of it that came."""
        self.taking = 0.0
        """Seconds in which something waited for the client."""
        self.taken = 0
        """Bytes that it took meanwhile."""
