"""Ports: which of a server's addresses are for HTTP, and which for HTTPS."""

from __future__ import annotations

from collections.abc import Iterable

from snake.config.http import HTTPApp, Server
from snake.core.errors import ConfigError
from snake.core.network import NetworkAddress, parse_address
from snake.core.record import Record

HTTP_PORT = 80
HTTPS_PORT = 443
_LAST = 65_535


class Ports(Record):
    """The ports that mean HTTP and HTTPS."""

    http: int = HTTP_PORT
    https: int = HTTPS_PORT

    @classmethod
    def of(cls, app: HTTPApp) -> Ports:
        """Return those of an app. Raises `ConfigError` for what is no port."""
        for name, port in (("http_port", app.http_port), ("https_port", app.https_port)):
            if not 0 <= port <= _LAST:
                raise ConfigError(f"a port is 1 to {_LAST}, not {port}", f"apps/http/{name}")
        return cls(app.http_port or HTTP_PORT, app.https_port or HTTPS_PORT)

    def secures(self, server: Server, port: int) -> bool:
        """Whether connections to a port of this server have TLS; a Unix socket's port is 0."""
        return bool(server.tls_connection_policies) and port != self.http


def uses_other_port(addresses: Iterable[NetworkAddress], port: int) -> bool:
    """Whether there is an address without this port. A Unix socket has none."""
    return any(not address.start_port <= port <= address.end_port for address in addresses)


def addresses_of(server: Server) -> list[NetworkAddress]:
    """Return where a server listens. Raises `AddressError`."""
    return [parse_address(text) for text in server.listen]
