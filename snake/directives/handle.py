"""handle: a group of directives that excludes the other `handle` groups beside it.

Syntax::

    handle [<matcher>] {
        <directives...>
    }

Of the `handle` and `handle_path` blocks of one level only the first that matches
runs, the most specific path first. Inside, directives are sorted as in a site.
"""

from __future__ import annotations

from snake.plugin import Directive, RouteValue, Scope, Segment


def parse(line: Segment, scope: Scope) -> RouteValue:
    """Read a `handle` block."""
    line.flag()
    return RouteValue((scope.subroute(line.directives),), group="handle")


directive = Directive("handle", parse)
