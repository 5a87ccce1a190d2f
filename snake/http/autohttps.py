"""Automatic HTTPS: which of a server's names would need a certificate.

Source: https://caddyserver.com/docs/automatic-https#activation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from snake.config.http import HTTPApp, Route, Server
from snake.core.network import parse_address

HTTP_PORT = 80


def names_needing_certificates(app: HTTPApp, server: Server) -> dict[str, str]:
    """Return the host names for which Caddy would turn TLS on, and where each stands.

    None means plain HTTP: a server that listens on the HTTP port alone, or has
    automatic HTTPS off. The places are those below the server's.
    """
    policy = server.automatic_https
    if policy is not None and policy.disable:
        return {}
    http_port = app.http_port or HTTP_PORT
    ports = [parse_address(address) for address in server.listen]
    if all(address.start_port == address.end_port == http_port for address in ports):
        return {}
    skip = frozenset(policy.skip) if policy is not None else frozenset()
    hosts = dict(_hosts(server.routes))
    return {host: hosts[host] for host in sorted(hosts.keys() - skip) if _qualifies(host)}


def _hosts(routes: Iterable[Route]) -> Iterator[tuple[str, str]]:
    for route_index, route in enumerate(routes):
        for set_index, matchers in enumerate(route.match):
            if "host" in matchers:
                place = f"routes/{route_index}/match/{set_index}/host"
                hosts: Any = msgspec.json.decode(matchers["host"])
                yield from ((host, place) for host in hosts or () if isinstance(host, str))


def _qualifies(host: str) -> bool:
    """Whether a certificate can be had for this name: every name, and IP addresses too."""
    if "{" in host or not host:
        return False
    try:
        return not ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return True
