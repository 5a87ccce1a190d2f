"""grace_period, shutdown_delay: how a server stops.

Syntax::

    grace_period   <duration>
    shutdown_delay <duration>

Requests have the grace period to finish in; without it, or with 0, all the time they need.
The delay goes before it: for so long, the server goes on as if nothing was.
"""

from __future__ import annotations

from snake.core.units import duration
from snake.plugin import Guests, Option, Segment


def _parse(line: Segment, earlier: object, guests: Guests) -> int:
    """Return it in nanoseconds. What else is on the line says nothing, as in Caddy."""
    del earlier, guests
    if not line.args:
        line.fail(f"{line.name} takes a duration")
    return duration(line.args[0].text)


grace_period = Option("grace_period", _parse)
shutdown_delay = Option("shutdown_delay", _parse)
