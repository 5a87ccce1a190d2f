"""The address of an upstream as a Caddyfile gives it: `:9000`, `https://d`, `unix//run/x.sock`."""

from __future__ import annotations

from collections.abc import Iterator

from snake.core.dial import (
    is_fd,
    is_unix,
    join_host_port,
    join_network,
    parse_network,
    split_network,
)
from snake.core.errors import SnakeError
from snake.core.network import AddressError
from snake.core.record import Record
from snake.core.url import URL, URLError, parse_url

SCHEMES = ("", "http", "https", "h2c")
_PORTS = {"http": "80", "h2c": "80", "": "80", "https": "443"}
_CONFLICTS = {("http", "443"): "HTTPS", ("https", "80"): "HTTP", ("h2c", "443"): "HTTPS"}
_BROWSERS = {"ws": "http", "wss": "https"}


class UpstreamAddressError(SnakeError):
    """Text that is no address of an upstream."""


class UpstreamAddress(Record):
    """An address, as far as it can be told apart before a request fills its placeholders."""

    network: str
    scheme: str
    host: str
    port: str

    @property
    def dial(self) -> str:
        """The address to dial."""
        if self.network:
            return join_network(self.network, self.host, self.port)
        if not self.port and "{" in self.host:
            return self.host
        return join_host_port(self.host, self.port)

    def each(self) -> Iterator[str]:
        """Yield the address to dial of every port. Raises `AddressError`."""
        if "{" in self.port and "}" in self.port:
            yield self.dial
            return
        address = parse_network(self.dial)
        if is_unix(self.network) or "-" not in self.port:
            yield self.dial
            return
        for port in range(address.start_port, address.end_port + 1):
            yield join_network("", address.host, str(port))


def read_upstream(text: str) -> UpstreamAddress:
    """Read the address of an upstream. Raises `UpstreamAddressError` or `AddressError`."""
    address = _with_scheme(text) if "://" in text else _without_scheme(text)
    if address.network == "unix+h2c":
        address = UpstreamAddress("unix", "h2c", address.host, address.port)
    if right := _BROWSERS.get(address.scheme):
        raise UpstreamAddressError(
            f"the scheme {address.scheme}:// is only supported in browsers; use {right}:// instead"
        )
    if address.scheme not in SCHEMES:
        raise UpstreamAddressError(f"unsupported URL scheme {address.scheme}://")
    return address


def _without_scheme(text: str) -> UpstreamAddress:
    network, slash, _ = text.partition("/")
    network = network.strip().lower() if slash else ""
    try:
        network, host, port = split_network(text)
    except AddressError:
        host, port = text, ""
    if not port and "{" not in host and not is_unix(network) and not is_fd(network):
        port = "80"
    return UpstreamAddress(network, "", host, port)


def _with_scheme(text: str) -> UpstreamAddress:
    if "{" in text:
        raise UpstreamAddressError(
            "due to parsing difficulties, placeholders are not allowed "
            "when an upstream address contains a scheme"
        )
    url, port = _parse(text)
    port = port or url.port
    if url.path or url.query or url.fragment:
        raise UpstreamAddressError(
            "URLs for proxy upstreams only support scheme, host, and port components"
        )
    if other := _CONFLICTS.get((url.scheme, port)):
        raise UpstreamAddressError(
            f"upstream address has conflicting scheme ({url.scheme}://) "
            f"and port (:{port}, the {other} port)"
        )
    return UpstreamAddress("", url.scheme, url.host, port or _PORTS.get(url.scheme, ""))


def _parse(text: str) -> tuple[URL, str]:
    """Parse a URL, and a range of ports, which no URL has."""
    try:
        return parse_url(text), ""
    except URLError as error:
        if "invalid port" not in str(error) or "-" not in text:
            raise UpstreamAddressError(f"parsing upstream URL: {error}") from None
    # What stands after the last colon is read as a port: not only a range, and a path too.
    ports = text.rpartition(":")[2]
    if ports.count("-") != 1:
        raise UpstreamAddressError(f"parsing upstream URL: port range invalid: {ports}")
    try:
        return parse_url(text.replace(ports, "0")), ports
    except URLError as error:
        raise UpstreamAddressError(f"parsing upstream URL: {error}") from None
