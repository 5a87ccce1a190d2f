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


def names_needing_certificates(app: HTTPApp, server: Server) -> list[str]:
    """Return the host names for which Caddy would turn TLS on; none means plain HTTP.

    A server that listens on the HTTP port alone, or has automatic HTTPS off, has none.
    """
    policy = server.automatic_https
    if policy is not None and policy.disable:
        return []
    http_port = app.http_port or HTTP_PORT
    ports = [parse_address(address) for address in server.listen]
    if all(address.start_port == address.end_port == http_port for address in ports):
        return []
    skip = frozenset(policy.skip) if policy is not None else frozenset()
    return sorted(host for host in set(_hosts(server.routes)) - skip if _qualifies(host))


def _hosts(routes: Iterable[Route]) -> Iterator[str]:
    for route in routes:
        for matchers in route.match:
            if "host" in matchers:
                hosts: Any = msgspec.json.decode(matchers["host"])
                yield from (host for host in hosts if isinstance(host, str))


def _qualifies(host: str) -> bool:
    """Whether a certificate can be had for this name: every name, and IP addresses too."""
    if "{" in host or not host:
        return False
    try:
        return not ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return True
