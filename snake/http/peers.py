"""Who is at either end of a connection, as placeholders tell it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network

from snake.http.ip_ranges import parse_ip, without_port
from snake.http.request import Request

UNIX = "@"
"""What stands for a client on a Unix socket, which has no address."""


def address(end: str) -> Callable[[Request], str]:
    """Return what gives host and port of the `client` or the `server`."""

    def get(request: Request) -> str:
        found = request.scope.get(end)
        if not found:
            return UNIX if end == "client" else ""
        host, port = found[0], found[1]
        if port is None:
            return str(host)
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    return get


def host(end: str) -> Callable[[Request], str]:
    """Return what gives the host of the `client` or the `server`."""
    nobody = UNIX if end == "client" else ""

    def get(request: Request) -> str:
        found = request.scope.get(end)
        return found[0] if found else nobody

    return get


def port(end: str) -> Callable[[Request], int | str]:
    """Return what gives the port of the `client` or the `server`."""

    def get(request: Request) -> int | str:
        found = request.scope.get(end)
        return found[1] if found and found[1] is not None else ""

    return get


def network(lengths: str) -> Callable[[Request], str]:
    """Return what gives the network of the client, by prefix lengths: `24`, or `24,64`."""
    length4, comma, length6 = lengths.partition(",")
    client = host("client")

    def get(request: Request) -> str:
        text = client(request)
        ip = parse_ip(text.partition("%")[0])
        if ip is None:
            return text
        length = length6 if comma and ip.version == 6 else length4  # noqa: PLR2004
        try:
            return str(ip_network((ip, int(length)), strict=False))
        except ValueError:
            return ""

    return get


def requested_host(request: Request) -> str:
    """Return the host that is asked for, without its port."""
    return without_port(request.hostport)


def requested_port(request: Request) -> int | str:
    """Return the port that is asked for; nothing if there is none."""
    hostport = request.hostport
    if without_port(hostport) == hostport:
        return ""
    text = hostport.rpartition(":")[2]
    return int(text) if text.isascii() and text.isdigit() else text
