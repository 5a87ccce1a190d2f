"""Preamble: the PROXY protocol, by which an upstream is told who the client is.

Source: https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from snake.http.ip_ranges import parse_ip
from snake.proxy.contract import UpstreamError

VERSIONS = ("v1", "v2")
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n\x21"
"""The one of version 2, that version, and the command PROXY."""
_PORTS = b"\0\0\0\0"


def preamble(version: str, client: str) -> bytes:
    """Return what goes ahead of everything else. The ports and where it came to are not told.

    Raises `UpstreamError` for a client without an IP address.
    """
    address = parse_ip(client)
    if address is None:
        raise UpstreamError(f"the PROXY protocol has no word for the client {client!r}")
    four = isinstance(address, IPv4Address)
    if version == "v1":
        nowhere = "0.0.0.0" if four else "::"  # noqa: S104  (nobody listens there)
        return f"PROXY TCP{4 if four else 6} {address} {nowhere} 0 0\r\n".encode()
    packed = address.packed
    content = packed + bytes(len(packed)) + _PORTS
    return _SIGNATURE + (b"\x11" if four else b"\x21") + len(content).to_bytes(2, "big") + content
