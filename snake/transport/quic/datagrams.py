"""DatagramSocket: a UDP socket that knows to which of its addresses a datagram came.

A socket for all addresses of a machine would answer from the one that the system prefers, and
the client, which asked another, would not take it. So the address rides along both ways
(IP_PKTINFO and IPV6_PKTINFO, ip(7), ipv6(7)) where the system can do it.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
import sys
from contextlib import suppress
from typing import Any, NamedTuple

_LONGEST = 9216
"""Bytes of a datagram; QUIC's are hardly longer than 1500, and what is cut is no packet."""
_BUFFER = 4 * 1024 * 1024
"""Bytes that may wait in the kernel, if it allows (udp(7)); the default is a few milliseconds."""
_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
_SOL_UDP, _UDP_SEGMENT = 17, 103
"""Of udp(7): one buffer is sent as many datagrams of a size (Linux 4.18)."""
_SIZE = struct.Struct("=H")
_MOST_JOINED = 48_000
"""Bytes of a buffer; 64 datagrams, and 64 KiB, are the system's own limits."""
_CANNOT_JOIN = frozenset({errno.EIO, errno.EINVAL, errno.ENOPROTOOPT, errno.EOPNOTSUPP})
_V4 = struct.Struct("=I4s4s")
_V6 = struct.Struct("=16sI")
_ANCILLARY = 64
_MAPPED = "::ffff:"


class Path(NamedTuple):
    """Two addresses between which datagrams go."""

    peer: tuple[Any, ...]
    """The client's, as the socket has it."""
    local: bytes
    """Our own; empty if it is known without asking."""

    @property
    def address(self) -> bytes:
        """The client's, as tokens are bound to it."""
        return f"{self.peer[0]} {self.peer[1]}".encode()


class DatagramSocket:
    """A UDP socket that does not block."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)  # noqa: FBT003
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.sock = sock
        self._name = sock.getsockname()
        self._can_join = sys.platform == "linux"
        self._is_v6 = sock.family == socket.AF_INET6
        self._asks = self._name[0] in ("0.0.0.0", "::") and _ask(sock)  # noqa: S104

    def receive(self) -> tuple[bytes, Path] | None:
        """Return what came, and between which addresses; `None` when nothing is there."""
        try:
            if not self._asks:
                data, peer = self.sock.recvfrom(_LONGEST)
                return data, Path(peer, b"")
            data, ancillary, _, peer = self.sock.recvmsg(_LONGEST, _ANCILLARY)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:  # what an earlier datagram met, such as an unreachable host
            return b"", Path(("", 0), b"")
        return data, Path(peer, self._local(ancillary))

    def _local(self, ancillary: list[tuple[int, int, bytes]]) -> bytes:
        for level, kind, data in ancillary:
            if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
                return _V6.unpack_from(data)[0]  # type: ignore[no-any-return]
            if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
                return _V4.unpack_from(data)[1]  # type: ignore[no-any-return]
        return b""

    def send_all(self, datagrams: list[tuple[bytes, Path]]) -> None:
        """Send many: those of one size to one client at once, where the system can part them."""
        at = 0
        while at < len(datagrams):
            data, path = datagrams[at]
            end = self._run(datagrams, at) if self._can_join else at + 1
            if end - at > 1:
                joined = b"".join(each for each, _ in datagrams[at:end])
                self._send_joined(joined, len(data), path)
            else:
                self.send(data, path)
            at = end

    def _run(self, datagrams: list[tuple[bytes, Path]], at: int) -> int:
        """Return where those end that can go with the one at `at`: the last may be shorter."""
        first, path = datagrams[at]
        size, end = len(first), at + 1
        most = min(len(datagrams), at + _MOST_JOINED // size)
        while end < most and datagrams[end][1] == path and len(datagrams[end][0]) <= size:
            end += 1
            if len(datagrams[end - 1][0]) < size:
                break
        return end

    def _send_joined(self, data: bytes, size: int, path: Path) -> None:
        segment = (_SOL_UDP, _UDP_SEGMENT, _SIZE.pack(size))
        try:
            self.sock.sendmsg([data], [*self._ancillary(path), segment], 0, path.peer)
        except OSError as error:
            if error.errno not in _CANNOT_JOIN:
                return
            self._can_join = False
            for start in range(0, len(data), size):
                self.send(data[start : start + size], path)

    def send(self, data: bytes, path: Path) -> None:
        """Send; what the system has no room for is lost, as it may be anywhere on its way."""
        with suppress(OSError):
            if path.local:
                self.sock.sendmsg([data], self._ancillary(path), 0, path.peer)
            else:
                self.sock.sendto(data, path.peer)

    def _ancillary(self, path: Path) -> list[tuple[int, int, bytes]]:
        if not path.local:
            return []
        if self._is_v6:
            return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, _V6.pack(path.local, 0))]
        return [(socket.IPPROTO_IP, _IP_PKTINFO, _V4.pack(0, path.local, bytes(4)))]

    def client(self, path: Path) -> tuple[str, int]:
        """Return the client's host and port."""
        return path.peer[0].removeprefix(_MAPPED), path.peer[1]

    def server(self, path: Path) -> tuple[str, int]:
        """Return our own."""
        host = str(ipaddress.ip_address(path.local)) if path.local else self._name[0]
        return _unmapped(host), self._name[1]


def _ask(sock: socket.socket) -> bool:
    """Have the socket tell to which address a datagram came; return whether it can."""
    try:
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    except (OSError, AttributeError):
        return False
    return True


def _unmapped(host: str) -> str:
    """Return an IPv4 address as such."""
    if ":" in host:
        address = ipaddress.ip_address(host.partition("%")[0])
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return str(mapped) if mapped is not None else host
    return host
