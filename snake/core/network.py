"""Network addresses as Caddy writes them: `tcp/:8080-8085`, `unix//run/x.sock`, `fd/3`."""

from __future__ import annotations

import re

from snake.core.errors import SnakeError
from snake.core.record import Record

TCP_NETWORKS = ("tcp", "tcp4", "tcp6")


class AddressError(SnakeError):
    """Text that is no network address."""


class NetworkAddress(Record):
    """Where to listen or to dial. `host` is the path for `unix`, the number or name for `fd`."""

    network: str
    host: str
    start_port: int = 0
    end_port: int = 0

    @property
    def is_unix(self) -> bool:
        """Whether this is a Unix socket."""
        return self.network.startswith("unix")

    @property
    def is_fd(self) -> bool:
        """Whether this is an inherited file descriptor."""
        return self.network.startswith("fd")

    @property
    def is_datagram(self) -> bool:
        """Whether datagrams come there, and no connections: of HTTP, that is HTTP/3."""
        return self.network.startswith("udp") or self.network == "fdgram"

    def __str__(self) -> str:
        if self.is_unix or self.is_fd:
            return f"{self.network}/{self.host}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        prefix = "" if self.network == "tcp" else f"{self.network}/"
        span = f"-{self.end_port}" if self.end_port != self.start_port else ""
        return f"{prefix}{host}:{self.start_port}{span}"


def parse_address(text: str) -> NetworkAddress:
    """Read a network address. Raises `AddressError`.

    A TCP or UDP address needs a port. A Unix path may end in `|0660`, its mode.
    """
    network, slash, rest = text.partition("/")
    if not slash or network not in (*TCP_NETWORKS, "udp", "udp4", "udp6", "unix", "fd", "fdgram"):
        network, rest = "tcp", text
    if network in ("unix", "fd", "fdgram"):
        if not rest:
            raise AddressError(f'invalid address "{text}": nothing after {network}/')
        return NetworkAddress(network, rest)
    host, colon, ports = rest.rpartition(":")
    if not colon:
        raise AddressError(f'invalid address "{text}": a port is missing')
    start, _, end = ports.partition("-")
    if not re.fullmatch(r"[0-9]{1,20}", start) or not re.fullmatch(r"[0-9]{0,20}", end):
        raise AddressError(f'invalid address "{text}": "{ports}" is no port')
    first, last = int(start), int(end or start)
    if not 0 <= first <= last <= 65535:  # noqa: PLR2004
        raise AddressError(f'invalid address "{text}": port {ports} is out of range')
    return NetworkAddress(network, host.removeprefix("[").removesuffix("]"), first, last)


def split_host_port(text: str) -> tuple[str, str] | None:
    """Split `host:port` and `[ip]:port`; `None` for anything else. The port may be empty."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        well_formed = bracket and rest.startswith(":") and not re.search(r"[\[\]:]", rest[1:])
        return (host, rest[1:]) if well_formed and "[" not in host else None
    host, colon, port = text.rpartition(":")
    return (host, port) if colon and not re.search(r"[\[\]:]", host + port) else None
