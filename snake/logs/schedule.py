"""A schedule: when a log is rolled, whatever its size."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

from snake.core.record import Record

_DAYS = (0, 1, 2)
"""Where the next mark is: today, tomorrow, or beyond an hour that a clock change leaves out."""


class Schedule(Record):
    """Rolls so long after the last time, and at these minutes of a day."""

    interval: float = 0.0
    """Seconds; 0 for never."""
    marks: tuple[tuple[int, int], ...] = ()
    """Hours and minutes."""
    local: bool = False
    """Whether marks are in the time of this machine, or in UTC."""

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.interval or self.marks)

    def due(self, since: float, now: float) -> float:
        """Return the next time to roll; `since` is the last one. All in seconds since 1970."""
        after = since + self.interval if self.interval else inf
        return min([after, *self._next_marks(now)])

    def _next_marks(self, now: float) -> list[float]:
        today = datetime.fromtimestamp(now, UTC).astimezone(None if self.local else UTC)
        found = []
        for hour, minute in self.marks:
            clock = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
            for day in _DAYS:
                at = self._at(clock + timedelta(days=day)).timestamp()
                if at > now:
                    found.append(at)
                    break
        return found

    def _at(self, clock: datetime) -> datetime:
        """Return a time of the clock in the offset that holds on that day."""
        return clock.replace(tzinfo=None).astimezone() if self.local else clock
