"""abort: close the connection and answer nothing.

Syntax::

    abort [<matcher>]
"""

from __future__ import annotations

from snake.directives.respond import StaticResponse
from snake.plugin import Directive, Scope, Segment


def parse(line: Segment, scope: Scope) -> StaticResponse:
    """Read an `abort` line."""
    del scope
    line.flag()
    line.no_block()
    return StaticResponse(abort=True)


directive = Directive("abort", parse)
