"""HTTP: the `http` app, each server's routes compiled to an ASGI app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

import msgspec

from snake.config.http import HTTPApp, Server
from snake.config.struct import nanoseconds, seconds
from snake.config.tls import TLSApp
from snake.core.check import check as check_types
from snake.core.errors import ConfigError, SnakeError
from snake.core.modules import Context
from snake.core.network import NetworkAddress, parse_address
from snake.core.record import Record
from snake.core.units import SECOND
from snake.http.access import AccessLog
from snake.http.handler import ASGIApp
from snake.http.held_body import wants_body
from snake.http.ip_ranges import Within
from snake.http.listener_wrappers import provision_wrappers
from snake.http.measured import Measure, Measuring
from snake.http.named_routes import NamedRoutes
from snake.http.own_server import OwnServer
from snake.http.ports import HTTP_PORT, Ports
from snake.http.protocols import Inherited, alt_svc, http3_addresses
from snake.http.routes import end, load_routes, unanswered
from snake.http.server import Needs, make_app
from snake.http.sites import Sites
from snake.http.trace import Tracing
from snake.http.trusted_proxies import DEFAULT_HEADERS, TrustedProxies
from snake.logs.app import Logs
from snake.metrics.figures import Figures
from snake.tls.ring import Ring
from snake.transport.admission import ListenerWrapper
from snake.transport.settings import Settings

if TYPE_CHECKING:
    from snake.tls.encryption import Encryption

QUIET_HANDLERS = frozenset(
    {
        *("encode", "error", "invoke", "python", "request_body", "rewrite"),
        *("static_response", "subroute", "vars"),
    }
)
"""Handlers that never set response headers before the one that answers does.

(`static_response` does when its status turns out to be none, so only with one that is fixed.)
"""

UNAVAILABLE = ("packet_conn_wrappers",)
"""Fields of a server that this version reads but cannot honour."""


class RunningServer(Record):
    """One server, ready to take connections."""

    name: str
    listen: tuple[str, ...]
    app: ASGIApp
    settings: Settings
    wrappers: tuple[ListenerWrapper, ...] = ()
    encryption: Encryption | None = None
    plain_port: int = HTTP_PORT
    """The port for HTTP, on which nothing is encrypted."""
    http3: tuple[NetworkAddress, ...] = ()
    """Where it speaks HTTP/3 as well: addresses of TCP, or of datagrams alone."""

    def encryption_at(self, address: NetworkAddress) -> Encryption | None:
        """Return how connections to one of its addresses are encrypted; `None` if they are not."""
        plain = address.start_port == self.plain_port and not (address.is_unix or address.is_fd)
        return None if plain else self.encryption


async def provision_http(ctx: Context, app: HTTPApp, logs: Logs | None) -> list[RunningServer]:
    """Provision every server of the `http` app; `ctx` is at `apps/http`.

    Raises `ConfigError` for what cannot work, with its JSON path.
    """
    if (measuring := await Measuring.of(ctx, app)) is not None:
        ctx = ctx.offering(Measuring, measuring)
    return [
        await _provision_server(ctx.at("servers", name), app, name, server, logs)
        for name, server in app.servers.items()
    ]


async def _provision_server(
    ctx: Context, app: HTTPApp, name: str, server: Server, logs: Logs | None
) -> RunningServer:
    check(ctx, server)
    named = NamedRoutes(server.named_routes)
    ctx = ctx.offering(NamedRoutes, named)
    own = OwnServer()
    ctx = ctx.offering(OwnServer, own)
    if server.logs is not None and server.logs.trace:
        ctx = ctx.offering(Tracing, Tracing())
    await named.load(ctx.at("named_routes"), server.named_routes)
    measuring = ctx.service(Measuring)
    sites = Sites(ctx.service(Figures) or ctx.shared(Figures), name, server)
    measure: Measure = sites.marked
    if measuring is not None:
        measure = _both(sites.marked, measuring.of_server(name))
    routes = await load_routes(ctx.at("routes"), server.routes, measure)
    errors = None
    if server.errors is not None and server.errors.routes:
        errors = (await load_routes(ctx.at("errors", "routes"), server.errors.routes))(end)
    access = AccessLog(server.logs, logs) if server.logs is not None and logs else None
    early = not all(
        _is_quiet(each) for each in _handlers(msgspec.to_builtins(server, enc_hook=_json))
    )
    needs = Needs(
        sites,
        early,
        await _trusted_proxies(ctx, server),
        wants_body([msgspec.json.encode(server)]),
        alt_svc(server, Ports.of(app), ctx.service(Inherited)),
        server.strict_sni_host is True,
        ctx.service(Ring) if ctx.service(TLSApp) is not None else None,
    )
    asgi = make_app(routes(unanswered), errors, access, needs)
    own.app = asgi
    wrappers = await provision_wrappers(ctx.at("listener_wrappers"), server)
    return RunningServer(
        name,
        server.listen,
        asgi,
        settings_of(ctx, server),
        wrappers,
        await _encryption(ctx.at("tls_connection_policies"), server),
        app.http_port or HTTP_PORT,
        tuple(http3_addresses(server, Ports.of(app))),
    )


def _both(outer: Measure, inner: Measure) -> Measure:
    return lambda route, after: outer(route, inner(route, after))


async def _encryption(ctx: Context, server: Server) -> Encryption | None:
    """Provision how connections are encrypted, where they are. Raises `ConfigError`."""
    if not server.tls_connection_policies:
        return None
    # Not before someone needs it: a site on a laptop or behind a proxy does not.
    from snake.tls.encryption import provision_policies  # noqa: PLC0415

    return await provision_policies(ctx, server.tls_connection_policies, ctx.service(TLSApp))


async def _trusted_proxies(ctx: Context, server: Server) -> TrustedProxies | None:
    """Return whom a server trusts; `None` for nobody. Raises `ConfigError`."""
    if server.trusted_proxies is None and not server.trusted_proxies_unix:
        return None
    within: Within | None = None
    if server.trusted_proxies is not None:
        within = await ctx.at("trusted_proxies").load(
            server.trusted_proxies, namespace="http.ip_sources", key="source"
        )
    return TrustedProxies(
        within,
        server.client_ip_headers or DEFAULT_HEADERS,
        strict=server.trusted_proxies_strict > 0,
        unix=server.trusted_proxies_unix,
    )


def check(ctx: Context, server: Server) -> None:
    """Refuse what this version cannot do, by name. Raises `ConfigError`."""
    for field in UNAVAILABLE:
        if getattr(server, field):
            check_types(server, ctx.registry, ctx.path)
            raise ctx.at(field).fail(f"{field} is not available in this version of snake")


def settings_of(ctx: Context, server: Server) -> Settings:
    """Return the transport's limits of a server; what is not set is the transport's default."""
    times = {
        field: seconds(getattr(server, field), ctx.at(field).path)
        for field in (
            "read_timeout",
            "read_header_timeout",
            "read_idle_timeout",
            "write_timeout",
            "write_idle_timeout",
            "idle_timeout",
        )
        if getattr(server, field)
    }
    given: dict[str, Any] = dict(times)
    if server.max_header_bytes > 0:
        given["max_header_bytes"] = server.max_header_bytes
    for field in ("keepalive_idle", "keepalive_interval"):
        if getattr(server, field):
            time = _time(ctx.at(field), getattr(server, field))
            given[field] = ceil(time / SECOND) if time > 0 else -1
    for field in ("read_min_rate", "write_min_rate"):
        given[field] = getattr(server, field)
    if server.keepalive_count:
        given["keepalive_count"] = server.keepalive_count
    given["http2"] = _begins_with_http2(ctx, server)
    given["keep_underscore_headers"] = _names(server.expected_underscore_headers)
    given["keep_dot_headers"] = _names(server.expected_dot_headers)
    return Settings(**given)


def _names(headers: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(name.lower().encode("latin-1", "replace") for name in headers)


def _begins_with_http2(ctx: Context, server: Server) -> bool:
    """Return whether a client may begin with HTTP/2: if any address has h2c, or says nothing.

    What cannot be turned off is refused; what needs encryption says nothing here.
    """
    told = {"protocols": server.protocols} if server.protocols else {}
    told |= {
        f"listen_protocols/{index}": protocols
        for index, protocols in enumerate(server.listen_protocols)
        if protocols
    }
    datagrams = {
        f"listen_protocols/{index}"
        for index, text in enumerate(server.listen)
        if parse_address(text).is_datagram
    }
    if server.listen and len(datagrams) == len(server.listen):
        return False
    for place, protocols in told.items():
        if "h1" not in protocols and place not in datagrams:
            raise ctx.at(place).fail("h1 cannot be left out in this version of snake")
    return not told or any("h2c" in protocols for protocols in told.values())


def _time(ctx: Context, value: int | str) -> int:
    try:
        return nanoseconds(value)
    except SnakeError as error:
        raise ConfigError(str(error), ctx.path) from None


def _json(value: object) -> object:
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value)
    raise NotImplementedError


def _is_quiet(handler: Mapping[str, object]) -> bool:
    status = str(handler.get("status_code", ""))
    if handler.get("request_timeout"):
        return False  # an app that has no thread for a request is unavailable, with Retry-After
    if handler["handler"] == "python" and any("{" in text for text in _texts(handler.values())):
        return False  # an app chosen by placeholders may be refused with Retry-After
    return handler["handler"] in QUIET_HANDLERS and (not status or status.isdecimal())


def _texts(values: Iterable[object]) -> Iterator[str]:
    """Yield all texts in a piece of config."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts(value.values())
        elif isinstance(value, list | tuple):
            yield from _texts(value)


def _handlers(node: object) -> Iterator[Mapping[str, object]]:
    """Yield every handler anywhere in a piece of config."""
    if isinstance(node, dict):
        if isinstance(node.get("handler"), str):
            yield node
        node = list(node.values())
    if isinstance(node, list | tuple):
        for child in node:
            yield from _handlers(child)
