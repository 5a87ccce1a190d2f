"""Site addresses, and the network addresses that they listen on."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from snake.caddyfile.segments import Token
from snake.caddyfile.text import repaired
from snake.core.dial import join_host_port, join_network, parse_network, split_network
from snake.core.network import AddressError, NetworkAddress, split_host_port
from snake.core.record import Record
from snake.core.text import SPACE

_LONGEST = 4096
_SPAN = re.compile(r"(?P<placeholder>\{(?:[\\][\s\S]|[^\\}])*(?:\}|\Z))|(?:[\\][\s\S]?|[^\\{])+")


class Address(Record):
    """One address of a site: `[scheme://]host[:port][/path]`, in lower case."""

    key: Token
    """The word as written."""
    scheme: str
    host: str
    port: str
    path: str

    @property
    def host_and_port(self) -> str:
        """The `Host` header of requests to it."""
        return self.host if self.port in ("", "80", "443") else join_host_port(self.host, self.port)


class Bind(Record):
    """Network addresses to listen on, without port, and the protocols that they speak."""

    addresses: tuple[str, ...]
    protocols: tuple[str, ...] = ()


class Ports(Record):
    """The ports that stand for HTTP and for HTTPS."""

    http: str = "80"
    https: str = "443"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Ports:
        """Return the ports that the global options set."""
        return cls(str(options.get("http_port", 80)), str(options.get("https_port", 443)))


def read_address(key: Token) -> Address:
    """Read a site address. Raises `CaddyfileError`.

    Source: https://caddyserver.com/docs/caddyfile/concepts#addresses.
    """
    cut = key.text.encode()[:_LONGEST].decode("utf-8", "surrogateescape")
    text = repaired(cut).strip(SPACE)
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", scheme
    authority, slash, path = rest.partition("/")
    host, port = split_host_port(authority) or split_host_port(f"{authority}:") or (authority, "")
    if port and not re.fullmatch(r"[+-]?[0-9]+", port):
        key.fail(
            f"parsing key: invalid port '{port}': strconv.Atoi: parsing \"{port}\": invalid syntax",
            "a port is a number from 0 to 65535",
        )
    if port and not 0 <= int(port[:20]) <= 65535:  # noqa: PLR2004
        key.fail(f"parsing key: port {port} is out of range", "a port is a number from 0 to 65535")
    host = _lower(_short_ip(host.strip(SPACE)))
    address = Address(key, _lower(scheme), host, port, slash + path)
    _check_scheme(address)
    return address


def listeners(address: Address, binds: Sequence[Bind], ports: Ports) -> dict[str, tuple[str, ...]]:
    """Return the network addresses that a site address listens on, and the protocols of each.

    Raises `CaddyfileError`.
    """
    port = address.port or (ports.http if address.scheme == "http" else ports.https)
    if (address.scheme, port) in (("http", ports.https), ("https", ports.http)):
        address.key.fail(f"[{address.key}] scheme and port violate convention")
    found: dict[str, tuple[str, ...]] = {}
    for bind in binds or [Bind(("",))]:
        for text in bind.addresses:
            try:
                listener = _listener(text, port)
            except AddressError as error:
                address.key.fail(f"determining listener address: {error}")
            found[str(listener)] = tuple(dict.fromkeys(bind.protocols))
    return found


def uses_other_port(listen: Sequence[str], port: str) -> bool:
    """Whether any network address is on another port than this; what is no host has port 0."""
    addresses = map(parse_network, listen)
    return any(not address.start_port <= int(port) <= address.end_port for address in addresses)


def _check_scheme(address: Address) -> None:
    match address.scheme:
        case "" | "http" | "https":
            return
        case "ws" | "wss" as scheme:
            right = scheme.replace("ws", "http")
            address.key.fail(
                f"the scheme {scheme}:// is only supported in browsers; use {right}:// instead"
            )
        case scheme:
            hint = "write http:// or https://"
            address.key.fail(f"unsupported URL scheme {scheme}://", hint)


def _listener(text: str, port: str) -> NetworkAddress:
    """Give a network address the port of a site. Raises `AddressError`."""
    network, host, _ = split_network(text)
    return parse_network(join_network(network, host, port))


def _short_ip(host: str) -> str:
    """Write an IPv6 address in its one normal form."""
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    return host if address.ipv4_mapped else str(address)


def _lower(text: str) -> str:
    """Lower the case of everything but placeholders; one that nothing closes goes on to the end."""
    if "{" not in text:
        return _lower_letters(text)
    return "".join(
        match[0] if match["placeholder"] else _lower_letters(match[0])
        for match in _SPAN.finditer(text)
    )


def _lower_letters(text: str) -> str:
    """Lower each letter for itself as Go does, whatever stands beside it."""
    return text.lower() if text.isascii() else "".join(char.lower()[0] for char in text)
