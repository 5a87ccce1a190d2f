"""Front: where a document is served, as one opens it in a browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import msgspec

from snake.config.http import HTTPApp, Server
from snake.core.network import NetworkAddress
from snake.engine.needs import single
from snake.http.ports import HTTP_PORT, HTTPS_PORT, Ports
from snake.http.redirects import REMAINING

_NAMES = 20
"""Names of a server that are told one by one."""
_EVERYWHERE = frozenset({"", "[::]", "0.0.0.0"})  # noqa: S104  (compared, not listened on)


def urls(app: HTTPApp, bound: Mapping[str, str]) -> list[str]:
    """Return where the servers of an app are; `bound` says where each address really listens.

    Every address of the machine is `localhost` there. A server that only redirects is left out.
    """
    ports = Ports.of(app)
    found = (
        url
        for name, server in app.servers.items()
        if name != REMAINING
        for address in single(server.listen)
        for url in _urls(server, address, bound[str(address)], ports)
    )
    return list(dict.fromkeys(found))


def _urls(server: Server, address: NetworkAddress, bound: str, ports: Ports) -> Iterator[str]:
    if address.is_unix or address.is_fd:
        yield bound
        return
    secure = ports.secures(server, address.start_port)
    host, _, port = bound.rpartition(":")
    scheme, usual = ("https", HTTPS_PORT) if secure else ("http", HTTP_PORT)
    end = "" if port == str(usual) else f":{port}"
    names = list(_names(server)) if secure else []
    if names:
        yield from (f"{scheme}://{name}{end}" for name in names)
    elif host in _EVERYWHERE:
        yield f"{scheme}://localhost{end} (all addresses)"
    else:
        yield f"{scheme}://{host}{end}"


def _names(server: Server) -> Iterator[str]:
    """Yield the names of the sites of a server, as far as they can be opened."""
    matchers = (matchers for route in server.routes for matchers in route.match)
    names = (name for each in matchers for name in msgspec.json.decode(each.get("host", b"[]")))
    yield from islice((name for name in names if "*" not in name and "{" not in name), _NAMES)
