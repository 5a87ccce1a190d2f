"""Named routes: the routes of a server that `invoke` runs, loaded once and used in many places."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping

from snake.config.http import Route
from snake.core.modules import Context
from snake.core.suggest import suggestion
from snake.http.handler import Linked, Next, Send
from snake.http.request import Request
from snake.http.routes import Link, load_route


class NamedRoutes:
    """The named routes of one server. Handlers find it as a service of their context."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._links: dict[str, Link] = {}

    async def load(self, ctx: Context, routes: Mapping[str, Route]) -> None:
        """Provision the handlers of every route. Raises `ConfigError` with its place."""
        for name, route in routes.items():
            at = ctx.at(name)
            if route.match:
                raise at.at("match").fail("a named route has no matchers; it is invoked by name")
            self._links[name] = await load_route(at, route)

    def find(self, ctx: Context, name: str) -> Linked:
        """Return what runs a route in the place where it stands.

        Raises `ConfigError` for a name that there is not.
        """
        if name not in self._names:
            raise ctx.fail(f'there is no named route "{name}"{suggestion(name, self._names)}')
        return _Invocation(self._links, name)


class _Invocation(Linked):
    """One place that runs a named route.

    It is linked by the first request that comes there, since routes may invoke
    each other, and themselves.
    """

    def __init__(self, links: Mapping[str, Link], name: str) -> None:
        self._links = links
        self._name = name

    def link(self, after: Next) -> Next:
        linked: Next | None = None

        def invoke(request: Request, send: Send) -> Awaitable[None]:
            nonlocal linked
            if linked is None:
                linked = self._links[self._name](after)
            return linked(request, send)

        return invoke
