"""subroute: routes inside a route; what `handle`, `route` and every site become."""

from __future__ import annotations

from snake.config.http import ErrorRoutes, Route
from snake.core.modules import Context
from snake.http.errors import HandlerError
from snake.http.handler import Handler, HandlerModule, Linked, Next, Send
from snake.http.request import Request
from snake.http.routes import Link, load_routes


class Subroute(HandlerModule):
    """The JSON of `http.handlers.subroute`."""

    id = "http.handlers.subroute"

    routes: tuple[Route, ...] = ()
    errors: ErrorRoutes | None = None

    async def provision(self, ctx: Context) -> Handler:
        """Load the routes; they are linked to what follows when the chain is made."""
        routes = await load_routes(ctx.at("routes"), self.routes)
        if self.errors is None:
            return _Routes(routes)
        errors = await load_routes(ctx.at("errors", "routes"), self.errors.routes)
        return _RoutesWithErrors(routes, errors)


class _Routes(Linked):
    def __init__(self, routes: Link) -> None:
        self._routes = routes

    def link(self, after: Next) -> Next:
        return self._routes(after)


class _RoutesWithErrors(Linked):
    """Routes whose failures have routes of their own, before the server's are asked."""

    def __init__(self, routes: Link, errors: Link) -> None:
        self._routes = routes
        self._errors = errors

    def link(self, after: Next) -> Next:
        routes, errors = self._routes(after), self._errors(after)

        async def run(request: Request, send: Send) -> None:
            try:
                await routes(request, send)
            except HandlerError as error:
                request.error = error
                await errors(request, send)

        return run
