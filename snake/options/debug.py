"""debug: log everything, down to the level DEBUG.

Syntax::

    debug
"""

from __future__ import annotations

from snake.plugin import Guests, Option, Segment


def _parse(line: Segment, earlier: object, guests: Guests) -> bool:
    """Return that it is wanted. What else is on the line says nothing, as in Caddy."""
    del line, earlier, guests
    return True


debug = Option("debug", _parse)
