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
from snake.http.matcher import Matcher, provision_sets
from snake.http.request import Request
from snake.http.response import respond

Link = Callable[[Next], Next]
"""Loaded routes, waiting for what follows them."""


async def end(request: Request, send: Send) -> None:
    """End of all routes: an empty 200, or the bare status of the error being handled."""
    status = request.error.status if isinstance(request.error, HandlerError) else 200
    await respond(send, status)


async def load_routes(ctx: Context, routes: Sequence[Route]) -> Link:
    """Provision every matcher and handler of `routes`. Raises `ConfigError` with its place."""
    links = [await _load_route(ctx.at(index), route) for index, route in enumerate(routes)]
    hosts = [_only_hosts(route) for route in routes]

    def link(after: Next) -> Next:
        at = len(links)
        while at > 0:
            start = at - 1
            while start > 0 and hosts[start] and hosts[start - 1]:
                start -= 1
            if hosts[start] and at - start > 1:
                after = _by_host(links[start:at], hosts[start:at], after)
            else:
                after = links[at - 1](after)
                start = at - 1
            at = start
        return after

    return link


async def _load_route(ctx: Context, route: Route) -> Link:
    matcher = await provision_sets(ctx.at("match"), route.match)
    handlers: list[Handler] = [
        await ctx.at("handle", index).load(raw, namespace="http.handlers", key="handler")
        for index, raw in enumerate(route.handle)
    ]

    def link(after: Next) -> Next:
        inner = end if route.terminal else after
        for handler in reversed(handlers):
            inner = chain(handler, inner)
        return _guard(inner, after, matcher, route.group)

    return link


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
        groups = request.groups
        if groups and group in groups:
            return after(request, send)
        if matcher is not None and not matcher(request):
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
    plain = all(host and "*" not in host and "{" not in host for host in hosts)
    return tuple(host.lower() for host in hosts) if plain else ()


def _by_host(links: Sequence[Link], hosts: Sequence[tuple[str, ...]], after: Next) -> Next:
    """Choose among sites by their host in one look-up, however many there are.

    The sites are terminal, so each is linked alone. Caddy's first match wins, so
    does the first here.
    """
    table: dict[str, Next] = {}
    for link, names in zip(links, hosts, strict=True):
        site = link(after)
        for name in names:
            table.setdefault(name, site)
    find = table.get

    def sites(request: Request, send: Send) -> Awaitable[None]:
        return find(request.host, after)(request, send)

    return sites
