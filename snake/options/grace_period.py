"""grace_period: how long requests may take to finish when a server stops.

Syntax::

    grace_period <duration>

Without it, or with 0, they have all the time they need.
"""

from __future__ import annotations

from snake.core.units import duration
from snake.plugin import Guests, Option, Segment


def _parse(line: Segment, earlier: object, guests: Guests) -> int:
    """Return it in nanoseconds."""
    del earlier, guests
    line.no_block()
    return duration(line.arg())


grace_period = Option("grace_period", _parse)
