"""What a document needs of the engine: addresses, processes, times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from snake.config.document import Document
from snake.config.http import HTTPApp, Server
from snake.config.struct import seconds
from snake.core.check import check as check_types
from snake.core.errors import ConfigError
from snake.core.modules import Registry
from snake.core.network import AddressError, NetworkAddress, parse_address
from snake.http.ports import Ports
from snake.http.protocols import http3_addresses, protocols_at


def check(document: Document, registry: Registry) -> None:
    """Name what this version cannot do, rather than not do it. Raises `ConfigError`.

    What is wrong in it is told first. Caddy has no handlers of events itself, so there is nothing
    that runs there and not here; one of a plugin would wait for ever.
    """
    events = document.apps.events if document.apps is not None else None
    for index, each in enumerate(events.subscriptions if events is not None else ()):
        if each.handlers:
            check_types(document, registry)
            path = f"apps/events/subscriptions/{index}"
            raise ConfigError("events are not available in this version of snake", path)


def http(document: Document) -> HTTPApp:
    """Return the `http` app of a document, an empty one if it has none."""
    return (document.apps and document.apps.http) or HTTPApp()


def grace_period(document: Document) -> float | None:
    """Return for how many seconds requests may still run at the end; `None` is for ever.

    Raises `ConfigError`.
    """
    return seconds(http(document).grace_period, "apps/http/grace_period")


def shutdown_delay(document: Document) -> float | None:
    """Return for how many seconds everything goes on before the end begins; `None` for none.

    Raises `ConfigError`.
    """
    return seconds(http(document).shutdown_delay, "apps/http/shutdown_delay")


def longest_tunnels(document: bytes) -> float:
    """Return for how many seconds tunnels may go on when another document has taken over."""
    delays = re.findall(rb'"stream_close_delay":(\d+)', document)
    return max(map(int, delays), default=0) / 1e9


def tickets(document: Document) -> tuple[str, ...]:
    """Return for what purposes workers open each other's session tickets."""
    policies = [
        policy
        for server in http(document).servers.values()
        for policy in server.tls_connection_policies or ()
    ]
    if not policies:
        return ()
    from snake.tls.tickets import purposes_of  # noqa: PLC0415  (only with certificates)

    return tuple(purposes_of(policies))


def single(listen: Iterable[str]) -> Iterator[NetworkAddress]:
    """Yield each address; a range of ports is many. Raises `AddressError`."""
    for text in listen:
        address = parse_address(text)
        if address.is_unix or address.is_fd:
            yield address
            continue
        for port in range(address.start_port, address.end_port + 1):
            yield replace(address, start_port=port, end_port=port)


_SERVERS = "apps/http/servers/"


def addresses(document: Document) -> dict[NetworkAddress, str]:
    """Return where HTTP servers take connections, and the place of each. Raises `ConfigError`."""
    places: dict[NetworkAddress, str] = {}
    for name, server in http(document).servers.items():
        path = f"{_SERVERS}{name}/listen"
        try:
            own = list(single(server.listen))
        except AddressError as error:
            raise ConfigError(str(error), path) from None
        _check_datagrams(server, path)
        for address in own:
            if address.is_datagram:
                continue
            if address in places:
                claimed = places[address].removeprefix(_SERVERS).removesuffix("/listen")
                raise ConfigError(f"{address} is already listened on by server {claimed!r}", path)
            places[address] = path
    return places


def _check_datagrams(server: Server, path: str) -> None:
    """Refuse HTTP/1 and HTTP/2 where no connections come. Raises `ConfigError`."""
    for index, text in enumerate(server.listen):
        address = parse_address(text)
        if address.is_datagram and protocols_at(server, index) != ("h3",):
            raise ConfigError(
                f"network {address.network!r} cannot handle HTTP/1 or HTTP/2 connections: "
                f"{address} is for HTTP/3 alone, as in `bind ... {{ protocols h3 }}`",
                path,
            )


def datagram_addresses(document: Document) -> dict[NetworkAddress, str]:
    """Return every UDP address of HTTP/3, and its place. Raises `ConfigError`.

    They are those of TCP with TLS; a port that the system chooses is not the same for both.
    """
    app = http(document)
    return {
        datagrams(address): f"{_SERVERS}{name}/listen"
        for name, server in app.servers.items()
        for address in http3_addresses(server, Ports.of(app))
        if address.start_port or address.is_fd
    }


def datagrams(address: NetworkAddress) -> NetworkAddress:
    """Return the UDP address that belongs to a TCP address."""
    return replace(address, network=address.network.replace("tcp", "udp"))
