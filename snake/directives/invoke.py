"""invoke: run the directives of a named route here.

Syntax::

    invoke [<matcher>] <name>

The route is defined at the top of the Caddyfile, outside of all sites, as `&(name) { ... }`.
"""

from __future__ import annotations

from snake.plugin import Directive, HandlerModule, Scope, Segment


class Invoke(HandlerModule):
    """The JSON of `http.handlers.invoke`."""

    id = "http.handlers.invoke"

    name: str = ""


def parse(line: Segment, scope: Scope) -> Invoke:
    """Read an `invoke` line."""
    line.no_block()
    name = line.arg()
    scope.invoke(line.args[0])
    return Invoke(name=name)


directive = Directive("invoke", parse)
