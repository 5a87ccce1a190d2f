"""SHUTDOWN: the end of this process, when it is announced: `{http.shutting_down}`.

Between the announcement and the end (the option `shutdown_delay`) all goes on, so that a load
balancer can find out.
"""

from __future__ import annotations

from time import monotonic


class Shutdown:
    """Knows when the end begins, if that is known."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: float | None = None

    def announce(self, seconds: float) -> None:
        """Have it begin in so many seconds."""
        self._at = monotonic() + seconds

    @property
    def is_announced(self) -> bool:
        """Whether it will begin, or has begun."""
        return self._at is not None

    @property
    def seconds_left(self) -> float | None:
        """How long until it begins, less than 0 when it has begun; `None` if nobody knows."""
        return None if self._at is None else self._at - monotonic()


SHUTDOWN = Shutdown()
"""That of this process."""
