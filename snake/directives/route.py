"""route: directives in the order in which they are written.

Syntax::

    route [<matcher>] {
        <directives...>
    }

Outside `route`, directives are sorted; inside, nothing is.
"""

from __future__ import annotations

from snake.plugin import Directive, RouteValue, Scope, Segment


def parse(line: Segment, scope: Scope) -> RouteValue:
    """Read a `route` block."""
    line.flag()
    return RouteValue((scope.literal_subroute(line.directives),))


directive = Directive("route", parse)
