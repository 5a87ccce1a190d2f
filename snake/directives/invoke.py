"""invoke: run the directives of a named route here.

Syntax::

    invoke [<matcher>] <name>

The route is defined at the top of the Caddyfile, outside of all sites, as `&(name) { ... }`.
It is loaded once, however often it is invoked, and may invoke others.
"""

from __future__ import annotations

from snake.http.named_routes import NamedRoutes
from snake.plugin import Context, Directive, Handler, HandlerModule, Scope, Segment


class Invoke(HandlerModule):
    """The JSON of `http.handlers.invoke`."""

    id = "http.handlers.invoke"

    name: str = ""

    async def provision(self, ctx: Context) -> Handler:
        """Find the route among those of the server."""
        routes = ctx.service(NamedRoutes) or NamedRoutes(())
        return routes.find(ctx.at("name"), self.name)


def parse(line: Segment, scope: Scope) -> Invoke:
    """Read an `invoke` line."""
    line.no_block()
    name = line.arg()
    scope.invoke(line.args[0])
    return Invoke(name=name)


directive = Directive("invoke", parse)
