"""Packet: what a datagram says of itself before anything in it is decrypted (RFC 8999)."""

from __future__ import annotations

import os
from typing import NamedTuple

from aioquic.buffer import Buffer
from aioquic.quic.packet import (
    QuicPacketType,
    QuicProtocolVersion,
    encode_quic_version_negotiation,
    pull_quic_header,
)

from snake.transport.quic.identity import LENGTH

SMALLEST_INITIAL = 1200
"""Bytes of a datagram that may begin a connection (RFC 9000 §14.1)."""
VERSIONS = (int(QuicProtocolVersion.VERSION_1), int(QuicProtocolVersion.VERSION_2))
_LONG, _FIXED = 0x80, 0x40
_LONGEST_ID = 20
_SHORTEST_RESET = 21
"""Bytes of the shortest datagram that can be a stateless reset (RFC 9000 §10.3)."""
_LONGEST_RESET = 43
"""Bytes above which a reset need not be longer."""
_TOKEN = 16
_IDS = 5
"""Where the connection IDs begin in a long header."""


class Initial(NamedTuple):
    """A packet that begins a connection."""

    version: int
    destination: bytes
    source: bytes
    token: bytes


def destination_of(data: bytes) -> bytes | None:
    """Return whom a datagram is for; `None` if it is none of QUIC's."""
    if len(data) <= LENGTH:
        return None
    if not data[0] & _LONG:
        return data[1 : 1 + LENGTH] if data[0] & _FIXED else None
    size = data[_IDS]
    end = _IDS + 1 + size
    return data[_IDS + 1 : end] if size <= _LONGEST_ID and len(data) > end else None


def is_long(data: bytes) -> bool:
    """Whether a datagram is of a handshake."""
    return bool(data[0] & _LONG)


def unknown_version(data: bytes) -> bool:
    """Whether a datagram with a long header is of a version that is not spoken here."""
    version = int.from_bytes(data[1:_IDS], "big")
    return version != 0 and version not in VERSIONS


def negotiation(data: bytes) -> bytes:
    """Return the answer to a version that is unknown. Raises `ValueError`."""
    destination = destination_of(data) or b""
    at = _IDS + 1 + len(destination)
    source = data[at + 1 : at + 1 + data[at]]
    if len(source) != data[at] or len(source) > _LONGEST_ID:
        raise ValueError("a source that is cut short")
    return encode_quic_version_negotiation(destination, source, list(VERSIONS))


def initial(data: bytes) -> Initial | None:
    """Return the packet by which a datagram begins a connection; `None` if it does not."""
    if len(data) < SMALLEST_INITIAL:
        return None
    try:
        header = pull_quic_header(Buffer(data=data), host_cid_length=LENGTH)
    except ValueError:
        return None
    # A client's first choice has 8 bytes at least (RFC 9000 §7.2).
    if header.packet_type is not QuicPacketType.INITIAL or len(header.destination_cid) < 8:  # noqa: PLR2004
        return None
    return Initial(header.version or 0, header.destination_cid, header.source_cid, header.token)


def stateless_reset(data: bytes, token: bytes) -> bytes | None:
    """Return what tells a client that its connection is gone (RFC 9000 §10.3).

    It is shorter than what it answers, so that two servers cannot go on resetting each other.
    """
    size = min(len(data) - 1, _LONGEST_RESET)
    if size < _SHORTEST_RESET:
        return None
    noise = bytearray(os.urandom(size - _TOKEN))
    noise[0] = noise[0] & ~_LONG | _FIXED
    return bytes(noise) + token
