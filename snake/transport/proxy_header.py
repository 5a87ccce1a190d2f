"""The PROXY protocol: the addresses that a proxy tells of a connection before its bytes.

Version 1 is text, version 2 is binary.
Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from snake.core.record import Record

LONGEST = 16 + 4096
"""Bytes of a header. Version 2 could have 64 KiB after its fixed part, of which nothing has use."""

_TEXT = b"PROXY"
_BINARY = b"\r\n\r\n\0\r\nQUIT\n"
_LONGEST_TEXT = 107
_FIXED = 16
"""Bytes of version 2 before its addresses."""

_TEXT_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: .*)?|(TCP[46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) (\d{1,5}) (\d{1,5}))"
)
_LOCAL, _PROXY = 0x20, 0x21
"""Version and command: the connection is the proxy's own, or another's."""
_UNSPEC, _UNIX = 0x00, (0x31, 0x32)
_SIZES = {_UNSPEC: 0, 0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36, 0x31: 216, 0x32: 216}
"""Bytes of the addresses, by family and protocol."""

Address = tuple[str, int]


class ProxyHeaderError(Exception):
    """What begins as a PROXY header is none."""


class Told(Record):
    """What a header tells: of whom a connection is, and where that one wanted to go."""

    size: int
    """Bytes of the header."""
    is_local: bool = False
    """Whether the connection is the proxy's own, so that its own addresses count."""
    client: Address | None = None
    """`None` for a Unix socket."""
    server: Address | None = None


def may_begin(data: bytes) -> bool:
    """Whether a header can begin with these bytes: all of them, if it is none so far."""
    return any(data.startswith(mark) or mark.startswith(data) for mark in (_TEXT, _BINARY))


def read_proxy_header(data: bytes) -> Told | None:
    """Read the header that `data` begins with; `None` if the rest of it is not there yet.

    `may_begin(data)` holds. Raises `ProxyHeaderError`.
    """
    if data.startswith(_TEXT):
        return _read_text(data)
    if data.startswith(_BINARY) and len(data) >= _FIXED:
        return _read_binary(data)
    return None


def _read_text(data: bytes) -> Told | None:
    end = data.find(b"\n", 0, _LONGEST_TEXT)
    if end < 0:
        if len(data) >= _LONGEST_TEXT:
            raise ProxyHeaderError("longer than 107 bytes")
        return None
    line = data[:end]
    told = _TEXT_LINE.fullmatch(line[:-1]) if line.endswith(b"\r") else None
    if told is None:
        raise ProxyHeaderError("not PROXY, a protocol, two addresses and two ports")
    family, *addresses = told.groups()
    if family is None:
        return Told(end + 1, is_local=True)
    client, server, client_port, server_port = (text.decode() for text in addresses)
    kind = IPv4Address if family == b"TCP4" else IPv6Address
    return Told(
        end + 1,
        client=(_host(kind, client), _port(client_port)),
        server=(_host(kind, server), _port(server_port)),
    )


def _read_binary(data: bytes) -> Told | None:
    command, family = data[12], data[13]
    length = int.from_bytes(data[14:16])
    if command not in (_LOCAL, _PROXY):
        raise ProxyHeaderError(f"unknown version or command {command:#04x}")
    if family not in _SIZES or (family == _UNSPEC and command == _PROXY):
        raise ProxyHeaderError(f"unknown family or protocol {family:#04x}")
    if length > LONGEST - _FIXED:
        raise ProxyHeaderError(f"{length} bytes of addresses and more")
    if command == _PROXY and length < _SIZES[family]:
        raise ProxyHeaderError("too short for its addresses")
    size = _FIXED + length
    if len(data) < size:
        return None
    # What follows the addresses are values of types (TLVs), none of which is wanted here.
    if command == _LOCAL:
        return Told(size, is_local=True)
    if family in _UNIX:
        return Told(size)
    return _read_addresses(data[_FIXED : _FIXED + _SIZES[family]], size)


def _read_addresses(block: bytes, size: int) -> Told:
    wide = (len(block) - 4) // 2
    kind = IPv4Address if wide == 4 else IPv6Address  # noqa: PLR2004
    client, server = block[:wide], block[wide : 2 * wide]
    return Told(
        size,
        client=(_host(kind, client), int.from_bytes(block[-4:-2])),
        server=(_host(kind, server), int.from_bytes(block[-2:])),
    )


def _host(kind: type[IPv4Address | IPv6Address], value: str | bytes) -> str:
    """Return an address as text, one of IPv4 that is mapped into IPv6 as what it is."""
    try:
        address = kind(value)
    except AddressValueError as error:
        raise ProxyHeaderError(str(error)) from None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _port(text: str) -> int:
    port = int(text)
    if port > 65_535 or (text[0] == "0" and text != "0"):  # noqa: PLR2004
        raise ProxyHeaderError(f"{text} is no port")
    return port
