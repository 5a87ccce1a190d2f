"""Redirects from HTTP to HTTPS, for the servers of automatic HTTPS.

Source: https://caddyserver.com/docs/automatic-https#overview.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from snake.config.http import Route, Server, ServerLogs
from snake.core.network import AddressError, NetworkAddress
from snake.core.record import Record
from snake.http.ports import HTTP_PORT, HTTPS_PORT, Ports, addresses_of

REMAINING = "remaining_auto_https_redirects"
"""The server of those redirects for which no server listens."""
ANY_HOST = ""
"""Stands for a server that has no hosts."""
_PLAIN = msgspec.Raw(b'"http"')
_PERMANENT_REDIRECT = 308


class Inserted(Record):
    """How many routes were put into a server before which of its own."""

    at: int
    count: int


class Redirected(Record):
    """Servers with their redirects."""

    servers: dict[str, Server]
    inserted: dict[str, Inserted]


class Destinations:
    """Where each host's HTTPS is. One port for each host: that of the app rather than another."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._of_host: dict[str, list[NetworkAddress]] = {}

    def add(self, host: str, address: NetworkAddress) -> None:
        """Take note of one address at which a host is served."""
        known = self._of_host.setdefault(host, [])
        if not known or address.start_port == known[0].start_port:
            if address not in known:
                known.append(address)
        elif address.start_port == self._ports.https:
            self._of_host[host] = [address]

    def by_address(self) -> dict[NetworkAddress, list[str]]:
        """Return the hosts of each address."""
        hosts: dict[NetworkAddress, list[str]] = {}
        for host, addresses in self._of_host.items():
            for address in addresses:
                hosts.setdefault(address, []).append(host)
        return hosts


def with_redirects(
    servers: Mapping[str, Server],
    ports: Ports,
    destinations: Destinations,
    logs: ServerLogs | None,
    *,
    before_others: bool,
) -> Redirected:
    """Return the servers with a redirect for each destination.

    It goes to the server that listens there for HTTP, or to a new one, which has these `logs`.
    With `before_others` it comes before what that server has for any host. Behind all stands a
    redirect for every host.
    """
    result = dict(servers)
    inserted: dict[str, Inserted] = {}
    remaining: dict[str, list[Route]] = {}
    for address, routes in sorted(_routes(ports, destinations).items(), key=lambda it: str(it[0])):
        name = next((name for name in sorted(servers) if _listens(servers[name], address)), None)
        if name is None:
            remaining[str(address)] = routes
            continue
        before = inserted.get(name)
        at = _behind_hosts(servers[name]) if before is None else before.at
        more = routes if before_others else []
        own = result[name].routes
        last = (_catch_all(ports),) if before is None else ()
        result[name] = replace(result[name], routes=(*own[:at], *more, *own[at:], *last))
        inserted[name] = Inserted(at, len(more) + (before.count if before is not None else 0))
    if remaining:
        routes = [route for each in remaining.values() for route in each]
        result[REMAINING] = Server(
            listen=tuple(remaining), routes=(*routes, _catch_all(ports)), logs=logs
        )
    return Redirected(result, inserted)


def _routes(ports: Ports, destinations: Destinations) -> dict[NetworkAddress, list[Route]]:
    """Return the redirects that belong to each address for HTTP, the most specific first."""
    routes: dict[NetworkAddress, list[tuple[tuple[object, ...], Route]]] = {}
    for address, hosts in destinations.by_address().items():
        plain = address
        if not (address.is_unix or address.is_fd):
            plain = replace(address, start_port=ports.http, end_port=ports.http)
        known = routes.setdefault(plain, [])
        for group in _groups(hosts):
            known.append((_rank(group[0]), _redirect(ports, address.start_port, group)))
    return {
        address: [route for _, route in sorted(ranked, key=lambda each: each[0])]
        for address, ranked in routes.items()
    }


def _groups(hosts: list[str]) -> Iterable[list[str]]:
    """Yield the hosts that may share a route: all that are exact, and each wildcard.

    One with a wildcard must not stand before an exact one that leads elsewhere. An IPv6 address
    has its own, since it is written in another way in the URL than it is matched.
    """
    alone = {host for host in hosts if host == ANY_HOST or "*" in host or ":" in host}
    if exact := [host for host in hosts if host not in alone]:
        yield exact
    for host in hosts:
        if host in alone:
            yield [host]


def _rank(host: str) -> tuple[object, ...]:
    """Return where a route stands: exact before wildcard, long before short, any host last."""
    return (host == ANY_HOST, "*" in host, -len(host), host)


def _catch_all(ports: Ports) -> Route:
    return _redirect(ports, ports.https, [ANY_HOST])


def _redirect(ports: Ports, port: int, hosts: list[str]) -> Route:
    """Return the route that leads hosts to HTTPS at a port, which is left out where it may be."""
    matchers = {"protocol": _PLAIN}
    if hosts != [ANY_HOST]:
        matchers["host"] = msgspec.Raw(msgspec.json.encode(hosts))
    known = (ports.http, ports.https, HTTP_PORT, HTTPS_PORT)
    shown = "" if port in known else f":{port}"
    name = f"[{hosts[0]}]" if ":" in hosts[0] else "{http.request.host}"
    handler = {
        "handler": "static_response",
        "status_code": _PERMANENT_REDIRECT,
        "headers": {"Location": [f"https://{name}{shown}{{http.request.uri}}"]},
        "close": True,
    }
    return Route(match=(matchers,), handle=(msgspec.Raw(msgspec.json.encode(handler)),))


def _behind_hosts(server: Server) -> int:
    """Return the place behind the last route that is for some hosts; the first if there is none."""
    places = [
        index
        for index, route in enumerate(server.routes)
        if any("host" in matchers for matchers in route.match)
    ]
    return places[-1] + 1 if places else 0


def _listens(server: Server, address: NetworkAddress) -> bool:
    """Whether a server listens at an address, or at one that could not be had beside it."""
    try:
        own = addresses_of(server)
    except AddressError:  # which is told of where it is listened on
        return False
    return any(
        each.network == address.network
        and each.start_port <= address.start_port <= each.end_port
        and (each.host == address.host or _conflict(each.host, address.host))
        for each in own
    )


def _conflict(one: str, other: str) -> bool:
    """Whether two hosts cannot be had at one port: for Linux, none means all of them."""
    return sys.platform == "linux" and "" in (one, other)
