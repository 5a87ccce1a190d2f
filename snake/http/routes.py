"""Routes: a tree of config compiled to one function, once, before any request.

Loading (decoding and provisioning modules, which may await) comes first and
gives a `Link`; linking binds it to what follows and is a plain function. So a
route list that is used in two places is loaded once and linked twice.

A compiled route is a plain function that returns an awaitable: choosing a
branch costs a call and no coroutine.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter

from snake.config.http import Route
from snake.core.modules import Context
from snake.http.errors import HandlerError
from snake.http.handler import Handler, Next, Send, chain
from snake.http.held_body import hold_before, wants_body, with_body
from snake.http.matcher import Matcher, provision_sets
from snake.http.measured import Measure
from snake.http.request import Request
from snake.http.response import respond
from snake.http.route_index import Index
from snake.http.trace import Tracing

INDEXED_FROM = 8
"""So many routes and more are found by tables: `snake.http.route_index`."""

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
    links = [
        _link_run(list(run), waits=waits)
        for waits, run in groupby(loaded, attrgetter("matches_body"))
    ]

    def link(after: Next) -> Next:
        for each in reversed(links):
            after = each(after)
        return after

    return link


async def load_route(ctx: Context, route: Route) -> Link:
    """Provision the matchers and handlers of one route. Raises `ConfigError` with its place."""
    return (await _load_route(ctx, route)).link


class _Loaded:
    """One route with its matcher and handlers provisioned."""

    __slots__ = ("_handlers", "_matcher", "_measure", "matches_body", "route")

    def __init__(
        self,
        route: Route,
        matcher: Matcher | None,
        handlers: list[Handler],
        measure: Measure | None,
    ) -> None:
        self.route = route
        self.matches_body = wants_body(raw for matchers in route.match for raw in matchers.values())
        """Whether the body has to be there before the matcher is asked."""
        self._matcher = matcher
        self._handlers = handlers
        self._measure = measure

    def inner(self, after: Next) -> Next:
        """Link the handlers alone, for a request that is known to match."""
        inner = end if self.route.terminal else after
        for handler in reversed(self._handlers):
            inner = chain(handler, inner)
        return inner if self._measure is None else self._measure(self.route, inner)

    def link(self, after: Next) -> Next:
        """Link the route: its handlers for what matches, `after` for the rest."""
        inner, takes = self.inner(after), self.taker()
        if takes is _any:
            return inner

        def route(request: Request, send: Send) -> Awaitable[None]:
            return inner(request, send) if takes(request) else after(request, send)

        return hold_before(route) if self.matches_body else route

    def taker(self, *, sure: bool = False) -> Matcher:
        """Return whether the route takes a request; its matcher is not asked if it is `sure`."""
        matcher = None if sure else self._matcher
        group = self.route.group
        return _grouped(matcher, group) if group else matcher or _any


async def _load_route(ctx: Context, route: Route, measure: Measure | None = None) -> _Loaded:
    matcher = await provision_sets(ctx.at("match"), route.match)
    handlers: list[Handler] = [
        with_body(
            await ctx.at("handle", index).load(raw, namespace="http.handlers", key="handler"), raw
        )
        for index, raw in enumerate(route.handle)
    ]
    if (tracing := ctx.service(Tracing)) is not None:
        handlers = [tracing.traced(*each) for each in zip(handlers, route.handle, strict=True)]
    return _Loaded(route, matcher, handlers, measure)


def _any(request: Request) -> bool:
    """Take every request."""
    del request
    return True


def _grouped(matcher: Matcher | None, group: str) -> Matcher:
    """Return whether a route of a group takes a request: the first that matches, and no other."""

    def takes(request: Request) -> bool:
        # The matcher first, as in Caddy: what it sets (`{re.1}`) and refuses counts even so.
        if matcher is not None and not matcher(request):
            return False
        groups = request.groups
        if groups is None:
            request.groups = {group}
            return True
        if group in groups:
            return False
        groups.add(group)
        return True

    return takes


def _link_run(routes: Sequence[_Loaded], *, waits: bool) -> Link:
    """Return what links routes that all wait for the body before they are asked, or all do not."""
    if waits or len(routes) < INDEXED_FROM:
        return partial(_in_turn, routes)
    return partial(_by_index, routes, Index([each.route for each in routes]))


def _in_turn(routes: Sequence[_Loaded], after: Next) -> Next:
    """Link routes so that each asks the next: what is best for a few."""
    for route in reversed(routes):
        after = route.link(after)
    return after


def _by_index(routes: Sequence[_Loaded], index: Index, after: Next) -> Next:
    """Link routes so that a table finds the next that matches, from any of them on."""
    find = _finder(routes, index)
    inner: list[Next] = [after] * (len(routes) + 1)

    def following(number: int) -> Next:
        def follow(request: Request, send: Send) -> Awaitable[None]:
            return inner[find(request, number)](request, send)

        return follow

    for number, route in enumerate(routes):
        inner[number] = route.inner(following(number + 1))
    return following(0)


def _finder(routes: Sequence[_Loaded], index: Index) -> Callable[[Request, int], int]:
    """Return what finds the number of the first route from one on that takes a request."""
    hits, others = index.hits(), index.others
    takes = [route.taker(sure=n in index.sure) for n, route in enumerate(routes)]
    end = len(others)

    def find(request: Request, start: int) -> int:
        at = bisect_left(others, start) if start else 0
        for hit in hits(request):
            if hit < start:
                continue
            while at < end and others[at] < hit:
                if takes[others[at]](request):
                    return others[at]
                at += 1
            if takes[hit](request):
                return hit
        while at < end:
            if takes[others[at]](request):
                return others[at]
            at += 1
        return len(routes)

    return find
