"""debug: log everything, down to the level DEBUG.

Syntax::

    debug
"""

from __future__ import annotations

from snake.plugin import Guests, Option, Segment


def _parse(line: Segment, earlier: object, guests: Guests) -> bool:
    del earlier, guests
    line.no_block()
    return line.flag()


debug = Option("debug", _parse)
