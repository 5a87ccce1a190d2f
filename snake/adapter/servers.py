"""The sites on one set of listeners, made one server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from snake.adapter.addresses import Address, Ports
from snake.adapter.connections import Connections
from snake.adapter.directive import ErrorRouteValue
from snake.adapter.https import automatic_https
from snake.adapter.listening import AdaptedSite, Listening
from snake.adapter.logs import server_logs
from snake.adapter.named_routes import NamedRoutes
from snake.adapter.routes import Subroute, build_routes, merge_routes, sort_values
from snake.adapter.scope import Results, Shared
from snake.adapter.server_options import options_for
from snake.adapter.stable import stable_sorted
from snake.caddyfile.segments import Segment
from snake.config.http import ErrorRoutes, Route, Server
from snake.core.modules import to_json


class Servers:
    """Makes the servers of one adaptation, one after another.

    A site that listens on several servers is sorted again for each, from where
    the last one left it, as Caddy does: its rules for `vars` and for error
    routes turn what is equal around each time.
    """

    def __init__(self, shared: Shared, named: NamedRoutes, listening: Sequence[Listening]) -> None:
        self._listening = listening
        self._connections = Connections(shared.options).build(listening)
        self._named = named
        self._options = shared.options
        self._order = shared.order
        self._groups = shared.groups
        self._origins = shared.origins
        self._sorted: dict[int, Results] = {}

    def build(self, number: int) -> Server:
        """Make one server of its sites. Raises `CaddyfileError`."""
        listening = self._listening[number]
        ports = Ports.of(self._options)
        sites = listening.sites
        automatic = automatic_https(listening.listen, sites, self._options, ports)
        alone = len(sites) == 1
        routes: list[Route] = []
        errors: list[Route] = []
        for site in sites:
            results = self._sort(site.results)
            routes += _site_routes(site, build_routes(results.routes, self._groups), alone=alone)
            if results.errors:
                errors += _site_routes(site, _error_routes(results.errors), alone=alone)
        server = Server(
            listen=listening.listen,
            routes=merge_routes(routes),
            errors=ErrorRoutes(tuple(errors)) if errors else None,
            named_routes=self._named.of(name for site in sites for name in site.results.invoked),
            tls_connection_policies=self._connections[number] or None,
            automatic_https=automatic,
            logs=server_logs(sites),
            listen_protocols=listening.protocols,
        )
        found = options_for(server.listen, self._options.get("servers", ()))
        if found is not None:
            server = found.override(server)
        self._note(server, sites, [found.line] if found is not None else [])
        return server

    def _note(
        self, server: Server, sites: Sequence[AdaptedSite], options: Sequence[Segment]
    ) -> None:
        """Note which addresses and options made the server, and the hosts of each site."""
        keys = [address.key for site in sites for address in site.addresses]
        tls = (Segment((line.token,)) for site in sites for line in site.results.tls)
        self._origins.add_server(server, [Segment(tuple(keys)), *tls, *options])
        for site in sites:
            of_site = Segment(tuple(address.key for address in site.addresses))
            for matchers in _address_matchers(site.addresses):
                for name, value in matchers.items():
                    self._origins.add_matcher(name, value, [of_site])

    def _sort(self, results: Results) -> Results:
        """Sort what a site yields; error routes for every code come last."""
        last = self._sorted.get(id(results), results)
        routes = sort_values(last.routes, self._order)
        errors = stable_sorted(last.errors, lambda a, b: bool(a.match) or not b.match)
        self._sorted[id(results)] = replace(last, routes=tuple(routes), errors=tuple(errors))
        return self._sorted[id(results)]


def _site_routes(site: AdaptedSite, routes: tuple[Route, ...], *, alone: bool) -> Iterator[Route]:
    """Wrap the routes of a site in one that matches its addresses, and ends there.

    The only site of a server that is for every host needs no wrapping, unless
    it has host matchers of its own: on top they would ask for certificates.
    """
    match = tuple(_address_matchers(site.addresses))
    if not match and alone and not any("host" in matchers for r in routes for matchers in r.match):
        yield from routes
    elif match or routes:
        handle = (to_json(Subroute(routes=routes), "handler"),) if routes else ()
        yield Route(match=match, handle=handle, terminal=True)


def _address_matchers(addresses: Sequence[Address]) -> Iterator[dict[str, msgspec.Raw]]:
    """Match hosts by the path that they share; from an address without host on, all hosts."""
    hosts_by_path: dict[str, list[str]] = {}
    every_host = False
    for address in addresses:
        hosts = hosts_by_path.setdefault(address.path, [])
        if not address.host and not every_host:
            hosts.clear()
            every_host = True
        if not every_host and address.host not in hosts:
            hosts.append(address.host)
    for path, hosts in hosts_by_path.items():
        matchers: dict[str, msgspec.Raw] = {}
        if hosts:
            matchers["host"] = msgspec.Raw(msgspec.json.encode(hosts))
        if path:
            matchers["path"] = msgspec.Raw(msgspec.json.encode([path]))
        if matchers:
            yield matchers


def _error_routes(values: Sequence[ErrorRouteValue]) -> tuple[Route, ...]:
    return tuple(
        Route(match=value.match, handle=(to_json(Subroute(routes=value.routes), "handler"),))
        for value in values
    )
