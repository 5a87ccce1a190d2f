"""Network addresses as Go and Caddy split and join them: `host:port`, `unix//path`."""

from __future__ import annotations

import re

from snake.core.network import AddressError, NetworkAddress

_PORT = re.compile(r"[0-9]+")
_MODE = re.compile(r"[0-7]+")
_OWNER_WRITES = 0o200
_LAST_PORT = 65535


def is_unix(network: str) -> bool:
    """Whether a network is one of Unix sockets."""
    return network.startswith("unix")


def is_fd(network: str) -> bool:
    """Whether a network is one of inherited file descriptors."""
    return network.startswith("fd")


def split_host_port(text: str) -> tuple[str, str]:
    """Split `host:port` and `[ip]:port`. Raises `AddressError`."""
    if ":" not in text:
        raise AddressError(f"address {text}: missing port in address")
    host, _, port = text.rpartition(":")
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket:
            raise AddressError(f"address {text}: missing ']' in address")
        if not rest.startswith(":"):
            raise AddressError(f"address {text}: missing port in address")
        port = rest[1:]
    if ":" in (port if text.startswith("[") else host):
        raise AddressError(f"address {text}: too many colons in address")
    for bracket in "[]":
        if bracket in host or bracket in port:
            raise AddressError(f"address {text}: unexpected '{bracket}' in address")
    return host, port


def join_host_port(host: str, port: str) -> str:
    """Write `host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_network(text: str) -> tuple[str, str, str]:
    """Split an address into its network, its host and its port, any of which may be empty.

    The host of a Unix socket is its path. Raises `AddressError`.
    """
    network, slash, address = text.partition("/")
    network = network.strip().lower() if slash else ""
    address = address if slash else text
    if is_unix(network) or is_fd(network):
        return network, address, ""
    try:
        return network, *split_host_port(address)
    except AddressError as error:
        try:
            host, _ = split_host_port(join_host_port(address.strip("[]"), "0"))
        except AddressError:
            raise error from None
        return network, host, ""


def join_network(network: str, host: str, port: str) -> str:
    """Write an address that has a network."""
    prefix = f"{network}/" if network else ""
    if (host and not port) or is_unix(network) or is_fd(network):
        return prefix + host
    return prefix + join_host_port(host, port) if port else prefix


def parse_network(text: str, network: str = "tcp", port: int = 0) -> NetworkAddress:
    """Read an address; `network` and `port` are for one that has none. Raises `AddressError`."""
    given, host, ports = split_network(text)
    network = given or network
    if is_unix(network):
        _check_mode(host)
    if is_unix(network) or is_fd(network):
        return NetworkAddress(network, host)
    start, dash, end = ports.partition("-")
    first = _port(start, "start") if ports else port
    last = _port(end, "end") if dash else first
    if last < first:
        raise AddressError("end port must not be less than start port")
    return NetworkAddress(network, host, first, last)


def _port(text: str, which: str) -> int:
    number = text.lstrip("0")[:6] or "0"
    if not _PORT.fullmatch(text) or int(number) > _LAST_PORT:
        raise AddressError(f'invalid {which} port: "{text}" is no number from 0 to {_LAST_PORT}')
    return int(number)


def _check_mode(path: str) -> None:
    """Refuse a mode after the path of a Unix socket that is none, or not for its owner."""
    _, bar, mode = path.partition("|")
    if not bar:
        return
    digits = mode.lstrip("0")
    if not _MODE.fullmatch(mode) or len(digits) > 11 or int(mode, 8) >> 32:  # noqa: PLR2004
        raise AddressError(f"could not parse octal permission bits in {path}")
    if not int(mode, 8) & _OWNER_WRITES:
        raise AddressError(
            "owner of the socket requires '-w-' (write, octal: '2') permissions at least; "
            f"got {mode}"
        )
