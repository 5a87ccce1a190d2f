"""Settings: what a connection may take, in bytes, counts and seconds."""

from __future__ import annotations

from msgspec import field

from snake.core.record import Record
from snake.transport.limits import Limits


class Settings(Record):
    """The limits of one server's connections. Defaults are Caddy's.

    Times are seconds; `None` means no limit.
    """

    max_header_bytes: int = 16_384
    """Request line and header fields together; more is a 431 (node: 16 KiB, nginx: 32 KiB)."""
    max_header_count: int = 200
    """Header fields of one request (gunicorn, Apache: 100)."""
    max_target_bytes: int = 8_192
    """The request target; longer is a 414 (nginx, Apache: 8 KiB)."""
    read_header_timeout: float | None = 60.0
    """From the first byte of a request to the end of its header."""
    read_timeout: float | None = None
    """From the first byte of a request to the end of its body."""
    read_idle_timeout: float | None = 60.0
    """Without one byte of a body that is still expected. (What a rate changes: `limits.py`.)"""
    read_min_rate: int = 0
    """Bytes a second; 0 for none."""
    write_timeout: float | None = None
    """From the end of the header to the end of the response."""
    write_idle_timeout: float | None = 60.0
    """Without one byte taken by the client while a response waits to be sent."""
    write_min_rate: int = 0
    idle_timeout: float | None = 300.0
    """Between two requests on one connection."""
    keepalive_idle: int = 15
    """Seconds without a byte before a client is probed; below 0 as the system has it."""
    keepalive_interval: int = 15
    """Seconds between two probes; below 0 there are none."""
    keepalive_count: int = 9
    """Probes without an answer before a client is gone; below 0 as the system has it."""
    http2: bool = True
    """Whether clients may begin with HTTP/2 on a connection without encryption."""
    websockets: bool = True
    """Whether WebSockets are spoken; if not, their handshakes are requests like any other."""
    write_high_water: int = 65_536
    """Bytes waiting for the client above which `send` waits."""
    read_high_water: int = 65_536
    """Bytes of a body waiting for the app above which reading pauses."""
    server_header: bytes = b"snake"
    """The Server field of a response that has none of its own."""
    keep_underscore_headers: frozenset[bytes] = field(default=frozenset())
    """Field names with an underscore that are not dropped, in lower case."""
    keep_dot_headers: frozenset[bytes] = field(default=frozenset())
    """Field names with a dot that are not dropped, in lower case."""

    @property
    def handshake_timeout(self) -> float | None:
        """For TLS, to its end: the shortest of those for a head and for all (Go: `net/http`)."""
        times = (self.read_header_timeout, self.read_timeout, self.write_timeout)
        return min((time for time in times if time is not None), default=None)

    @property
    def limits(self) -> Limits:
        """What holds for every request."""
        return Limits(
            self.read_idle_timeout,
            self.read_min_rate,
            self.write_idle_timeout,
            self.write_min_rate,
        )
