"""Measured: routes that count and time the requests that they match.

Only the routes of a server itself are measured, each by the name of its first handler,
as in Caddy; what follows a route is part of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter

import msgspec

from snake.config.http import HTTPApp, Route
from snake.core.modules import Context
from snake.http.errors import AbortError, HandlerError
from snake.http.handler import Next, Send
from snake.http.request import Request
from snake.http.watch import Watch
from snake.metrics.figures import Figures
from snake.metrics.requests import (
    ERRORS,
    IN_FLIGHT,
    REQUEST_DURATION,
    REQUEST_SIZE,
    RESPONSE_DURATION,
    RESPONSE_SIZE,
    TOTAL,
    Labels,
    of_answers,
    of_route,
)

OTHER_HOSTS = "_other"
MOST_HOSTS = 10_000
"""Hosts that are told apart where all are; the others are one."""
_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)

Measure = Callable[[Route, Next], Next]
"""Returns what follows a route with its requests counted."""


class Measuring:
    """What is measured of the requests of the `http` app."""

    def __init__(self, ctx: Context, app: HTTPApp) -> None:
        metrics = app.metrics
        servers = app.servers.values()
        self.figures = ctx.service(Figures) or ctx.shared(Figures)
        self._per_host = any(
            each is not None and each.per_host
            for each in (metrics, *(server.metrics for server in servers))
        )
        self._all_hosts = metrics is not None and metrics.observe_catchall_hosts
        self._has_tls = any(server.tls_connection_policies for server in servers)
        self._hosts = {
            host.lower() for server in servers for route in server.routes for host in _hosts(route)
        }
        self._strangers: set[str] = set()

    @classmethod
    async def of(cls, ctx: Context, app: HTTPApp) -> Measuring | None:
        """Return what is measured, if anything is. Raises `ConfigError`."""
        asked = (app.metrics, *(server.metrics for server in app.servers.values()))
        if all(each is None for each in asked):
            return None
        measuring = cls(ctx, app)
        if app.metrics is not None and app.metrics.otlp:
            from snake.metrics.push import push  # noqa: PLC0415  (it brings threads and more)

            await push(ctx.at("metrics", "otlp"), measuring.figures)
        return measuring

    def of_server(self, server: str) -> Measure:
        """Return how the routes of a server are measured."""
        return lambda route, after: self._measured(server, name_of(route), after)

    def _host(self, request: Request) -> str | None:
        if not self._per_host:
            return None
        host = request.host
        if host in self._hosts or host in self._strangers:
            return host
        if not self._all_hosts and not (self._has_tls and request.is_secure):
            return OTHER_HOSTS
        if len(self._strangers) >= MOST_HOSTS:
            return OTHER_HOSTS
        self._strangers.add(host)
        return host

    def _measured(self, server: str, handler: str, after: Next) -> Next:
        host_of = self._host
        routes: dict[str | None, _Route] = {}

        def measured(request: Request, send: Send) -> Awaitable[None]:
            host = host_of(request)
            route = routes.get(host)
            if route is None:
                route = routes[host] = _Route(self.figures, Labels(server, handler, host))
            return route.run(request, send, after)

        return measured


class _Route:
    """The figures of one route, for one host if hosts are told apart."""

    __slots__ = ("_answers", "_figures", "_labels", "_numbers")

    def __init__(self, figures: Figures, labels: Labels) -> None:
        self._figures = figures
        self._labels = labels
        self._numbers = of_route(figures, labels)
        self._answers: dict[tuple[int, str], memoryview[float]] = {}

    async def run(self, request: Request, send: Send, after: Next) -> None:
        """Run what follows, and count it."""
        numbers = self._numbers
        numbers[IN_FLIGHT] += 1
        started = perf_counter()
        watch = Watch(send)
        method = request.method if request.method in _METHODS else "OTHER"
        try:
            await after(request, watch)
        except HandlerError as error:
            numbers[ERRORS] += 1
            self._count(request, method, watch, error.status, started)
            raise
        except AbortError:
            # Who cuts a connection on purpose does not want it to be counted, as in Caddy.
            raise
        except Exception:
            numbers[TOTAL] += 1
            numbers[ERRORS] += 1
            raise
        else:
            self._count(request, method, watch, 0, started)
        finally:
            numbers[IN_FLIGHT] -= 1
            if watch.began:
                answers = self._of_answers(watch.status, method)
                RESPONSE_DURATION.observe(answers, watch.began - started)

    def _count(
        self, request: Request, method: str, watch: Watch, status: int, started: float
    ) -> None:
        self._numbers[TOTAL] += 1
        answers = self._of_answers(watch.status or status, method)
        REQUEST_DURATION.observe(answers, perf_counter() - started)
        REQUEST_SIZE.observe(answers, _size(request))
        RESPONSE_SIZE.observe(answers, watch.size)

    def _of_answers(self, status: int, method: str) -> memoryview[float]:
        known = self._answers.get((status, method))
        if known is None:
            code = str(status or 200)
            known = of_answers(self._figures, self._labels, code, method)
            self._answers[status, method] = known
        return known


def _size(request: Request) -> int:
    """Return about how long a request is, its body included, as Caddy reckons."""
    scope = request.scope
    query = scope["query_string"]
    size = len(scope["raw_path"]) + len(scope["method"]) + len("HTTP/1.1")
    size += len(query) + 1 if query else 0
    for name, value in scope["headers"]:
        size += len(value) if name == b"host" else len(name) + len(value)
        if name == b"content-length" and value.isdigit():
            size += int(value)
    return size


def name_of(route: Route) -> str:
    """Return the name of a route's first handler; nothing if it has none."""
    if not route.handle:
        return ""
    return msgspec.json.decode(route.handle[0], type=_Named).handler


class _Named(msgspec.Struct):
    handler: str = ""


def _hosts(route: Route) -> Iterable[str]:
    """Return the hosts that a route names as they are, without wildcards."""
    for matchers in route.match:
        try:
            hosts = msgspec.json.decode(matchers.get("host", b"[]"), type=list[str])
        except msgspec.DecodeError:
            continue
        yield from (host for host in hosts if not {"*", "{"} & set(host))
