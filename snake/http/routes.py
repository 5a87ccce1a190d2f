"""Routes: a tree of config compiled to one function, once, before any request.

Loading (decoding and provisioning modules, which may await) comes first and
gives a `Link`; linking binds it to what follows and is a plain function. So a
route list that is used in two places is loaded once and linked twice.

A compiled route is a plain function that returns an awaitable: choosing a
branch costs a call and no coroutine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from snake.config.http import Route
from snake.core.modules import Context
from snake.http.errors import HandlerError
from snake.http.handler import Handler, Next, Send, chain
from snake.http.held_body import hold_before, wants_body, with_body
from snake.http.matcher import Matcher, provision_sets
from snake.http.measured import Measure, name_of
from snake.http.request import Request
from snake.http.response import respond

Link = Callable[[Next], Next]
"""Loaded routes, waiting for what follows them."""


async def unanswered(request: Request, send: Send) -> None:
    """End of a server's routes: an empty 200, which is nobody's answer."""
    del request
    await respond(send, 200, unanswered=True)


def end(request: Request, send: Send) -> Awaitable[None]:
    """End of error routes, and of terminal ones: the bare status, if an error is handled."""
    if isinstance(request.error, HandlerError):
        return respond(send, request.error.status)
    return unanswered(request, send)


async def load_routes(
    ctx: Context, routes: Sequence[Route], measure: Measure | None = None
) -> Link:
    """Provision every matcher and handler of `routes`, which are measured if `measure` is given.

    Raises `ConfigError` with its place.
    """
    loaded = [
        await _load_route(ctx.at(index), route, measure) for index, route in enumerate(routes)
    ]
    hosts = [_only_hosts(route) for route in routes]

    def link(after: Next) -> Next:
        at = len(loaded)
        while at > 0:
            start = at - 1
            while start > 0 and hosts[start] and hosts[start - 1]:
                start -= 1
            if hosts[start]:
                after = _by_host(loaded[start:at], hosts[start:at], after)
            else:
                start = at - 1
                after = loaded[start].link(after)
            at = start
        return after

    return link


async def load_route(ctx: Context, route: Route) -> Link:
    """Provision the matchers and handlers of one route. Raises `ConfigError` with its place."""
    return (await _load_route(ctx, route)).link


class _Loaded:
    """One route with its matcher and handlers provisioned."""

    __slots__ = ("_handlers", "_matcher", "_measure", "_route")

    def __init__(
        self,
        route: Route,
        matcher: Matcher | None,
        handlers: list[Handler],
        measure: Measure | None,
    ) -> None:
        self._route = route
        self._matcher = matcher
        self._handlers = handlers
        self._measure = measure

    def inner(self, after: Next) -> Next:
        """Link the handlers alone, for a request that is known to match."""
        inner = end if self._route.terminal else after
        for handler in reversed(self._handlers):
            inner = chain(handler, inner)
        return inner if self._measure is None else self._measure(name_of(self._route), inner)

    def link(self, after: Next) -> Next:
        """Link the route: its handlers for what matches, `after` for the rest."""
        linked = _guard(self.inner(after), after, self._matcher, self._route.group)
        matchers = (raw for matchers in self._route.match for raw in matchers.values())
        return hold_before(linked) if wants_body(matchers) else linked


async def _load_route(ctx: Context, route: Route, measure: Measure | None = None) -> _Loaded:
    matcher = await provision_sets(ctx.at("match"), route.match)
    handlers: list[Handler] = [
        with_body(
            await ctx.at("handle", index).load(raw, namespace="http.handlers", key="handler"), raw
        )
        for index, raw in enumerate(route.handle)
    ]
    return _Loaded(route, matcher, handlers, measure)


def _guard(inner: Next, after: Next, matcher: Matcher | None, group: str) -> Next:
    """Run `inner` for the requests that match, `after` for the others."""
    if group:
        return _exclusive(inner, after, matcher, group)
    if matcher is None:
        return inner

    def route(request: Request, send: Send) -> Awaitable[None]:
        return inner(request, send) if matcher(request) else after(request, send)

    return route


def _exclusive(inner: Next, after: Next, matcher: Matcher | None, group: str) -> Next:
    """Like `_guard`, for one of a group: the first of the group that matches shuts out the rest."""

    def route(request: Request, send: Send) -> Awaitable[None]:
        # The matcher first, as in Caddy: what it sets (`{re.1}`) and refuses counts even so.
        if matcher is not None and not matcher(request):
            return after(request, send)
        groups = request.groups
        if groups and group in groups:
            return after(request, send)
        if groups is None:
            request.groups = {group}
        else:
            groups.add(group)
        return inner(request, send)

    return route


def _only_hosts(route: Route) -> tuple[str, ...]:
    """Return the hosts of a route that depends on nothing but plain host names, else nothing."""
    if not route.terminal or route.group or len(route.match) != 1:
        return ()
    if list(route.match[0]) != ["host"]:
        return ()
    try:
        hosts = msgspec.json.decode(route.match[0]["host"], type=tuple[str, ...])
    except msgspec.DecodeError:
        return ()
    plain = all(host.isascii() and host and not {"*", "{"} & set(host) for host in hosts)
    return tuple(host.lower() for host in hosts) if plain else ()


def _by_host(routes: Sequence[_Loaded], hosts: Sequence[tuple[str, ...]], after: Next) -> Next:
    """Choose among sites by their host in one look-up, however many there are.

    The sites are terminal and their host is all that decides, so each is linked
    without its matcher. The first site of a name wins, as in Caddy.
    """
    table: dict[str, Next] = {}
    for route, names in zip(routes, hosts, strict=True):
        site = route.inner(after)
        for name in names:
            table.setdefault(name, site)
    find = table.get

    def sites(request: Request, send: Send) -> Awaitable[None]:
        return find(request.host, after)(request, send)

    return sites
