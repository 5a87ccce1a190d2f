"""Protocols: which versions of HTTP a server speaks at which of its addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from snake.config.http import Server
from snake.core.network import NetworkAddress, parse_address
from snake.core.record import Record
from snake.http.ports import Ports

DEFAULT = ("h1", "h2", "h3")
_ALT_SVC_SECONDS = 2_592_000


def protocols_at(server: Server, index: int) -> tuple[str, ...]:
    """Return the protocols at one of a server's addresses, by its index in `listen`.

    An address that says nothing has the server's; an empty word among its own stands for these.
    """
    whole = server.protocols or DEFAULT
    own = server.listen_protocols[index] if index < len(server.listen_protocols) else None
    if not own:
        return whole
    told = tuple(filter(None, own))
    if len(told) == len(own):
        return told
    return (*told, *(protocol for protocol in whole if protocol not in told))


def http3_addresses(server: Server, ports: Ports) -> Iterator[NetworkAddress]:
    """Yield where a server speaks HTTP/3: wherever it has TLS, and no Unix socket.

    Each has one port, or is an inherited socket. Raises `AddressError`.
    """
    for index, text in enumerate(server.listen):
        address = parse_address(text)
        if "h3" not in protocols_at(server, index) or address.is_unix:
            continue
        if address.is_fd and not address.is_datagram:
            continue
        for port in range(address.start_port, address.end_port + 1):
            if ports.secures(server, port):
                yield NetworkAddress(address.network, address.host, port, port)


class Inherited(Record):
    """The ports of sockets that were there before snake, by their addresses (`fdgram/4`)."""

    ports: Mapping[str, int] = {}


def alt_svc(server: Server, ports: Ports, inherited: Inherited | None = None) -> bytes:
    """Return what tells clients of a server's HTTP/3 (RFC 9114 §3.1.1); nothing if it has none."""
    known = (inherited or Inherited()).ports
    addresses = http3_addresses(server, ports)
    found = {known.get(str(address), address.start_port): None for address in addresses}
    return ",".join(f'h3=":{port}"; ma={_ALT_SVC_SECONDS}' for port in found if port).encode()
