"""Sites: what names the routes of a server that are a site, and what counts their requests.

A site is what the routes of a server itself with the same hosts are, named by these as they are
written. Requests that no such route takes are those of the server's addresses. So there are never
more of them than the configuration has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import perf_counter

import msgspec

from snake.config.http import Route, Server
from snake.http.handler import Next, Send
from snake.http.noting import Known, noting
from snake.http.request import Request
from snake.metrics.figures import Figures
from snake.metrics.sites import IN_FLIGHT, Site
from snake.transport.asgi import NOTHING

Run = Callable[[Request, Send], Awaitable[None]]

_NAMED = 3
"""Hosts that are in the name of a site with more of them, but for the last."""


def site_names(server: Server) -> list[str]:
    """Return the names of the sites of a server, that of its addresses first."""
    found = (site_of(route) for route in server.routes)
    return list(dict.fromkeys((address_name(server), *filter(None, found))))


def address_name(server: Server) -> str:
    """Return the name of what a server does for no host."""
    return _joined(server.listen)


def site_of(route: Route) -> str:
    """Return the name of a route's site; none if it is for every host."""
    hosts: dict[str, None] = {}
    for matchers in route.match:
        own = _hosts(matchers.get("host"))
        if not own:
            return ""
        hosts |= dict.fromkeys(own)
    return _joined(list(hosts))


def _hosts(raw: msgspec.Raw | None) -> Iterator[str] | list[str]:
    if raw is None:
        return []
    try:
        return msgspec.json.decode(raw, type=list[str])
    except msgspec.DecodeError:  # the matcher says it better
        return []


def _joined(names: Sequence[str]) -> str:
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"


class Sites:
    """The sites of one server, in one worker."""

    def __init__(self, figures: Figures, name: str, server: Server) -> None:
        self._figures = figures
        self._server = name
        self._default = address_name(server)
        self._sites: dict[str, Site] = {}

    def _site(self, name: str) -> Site:
        site = self._sites.get(name)
        if site is None:
            site = self._sites[name] = Site(self._figures, self._server, name)
        return site

    def marked(self, route: Route, after: Next) -> Next:
        """Return what follows a route, where it is noted whose request it is."""
        name = site_of(route)
        if not name:
            return after
        site = self._site(name)

        def mark(request: Request, send: Send) -> Awaitable[None]:
            request.site = site
            return after(request, send)

        return mark

    def counting(self, run: Run) -> Run:
        """Return `run` with each request counted for its site.

        A response that is out when `run` returns was never in flight for anybody who looks.
        """
        default = self._site(self._default)

        def counted(request: Request, send: Send) -> Awaitable[None]:
            known = noting(send)
            answering = run(request, known)
            if answering is not NOTHING:
                return watch(request, known, answering)
            site = request.site or default
            site.count(known.status, perf_counter() - request.started)
            return NOTHING

        async def watch(request: Request, known: Known, answering: Awaitable[None]) -> None:
            numbers = (request.site or default).numbers
            numbers[IN_FLIGHT] += 1
            try:
                await answering
            finally:
                numbers[IN_FLIGHT] -= 1
                # Which site it is may have come out only when there was a body.
                site = request.site or default
                site.count(known.status, perf_counter() - request.started)

        return counted
