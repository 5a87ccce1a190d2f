"""debug: log everything, down to the level DEBUG.

Syntax::

    debug
"""

from __future__ import annotations

from snake.plugin import Option, Segment


def _parse(line: Segment, earlier: object) -> bool:
    del earlier
    line.no_block()
    return line.flag()


debug = Option("debug", _parse)
