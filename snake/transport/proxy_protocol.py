"""ProxyProtocol: who may tell the client's address, and what becomes of one that is told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

from msgspec.structs import replace

from snake.transport.admission import Admission, RefusedConnectionError, readable
from snake.transport.proxy_header import (
    LONGEST,
    ProxyHeaderError,
    Told,
    may_begin,
    read_proxy_header,
)

Network = IPv4Network | IPv6Network


class Policy(Enum):
    """What is done with a header, and without one."""

    IGNORE = "ignore"
    """It is read and forgotten."""
    USE = "use"
    """Its addresses are the connection's."""
    REJECT = "reject"
    """A connection with one is closed."""
    REQUIRE = "require"
    """A connection without one is closed."""
    SKIP = "skip"
    """It is not looked for."""


class ProxyProtocol:
    """Reads the header of every connection from peers that may send one."""

    def __init__(
        self,
        allow: Sequence[Network],
        deny: Sequence[Network],
        fallback: Policy,
        timeout: float | None,
    ) -> None:
        self._allow = allow
        self._deny = deny
        self._fallback = fallback
        self._timeout = timeout
        self._policy = lru_cache(maxsize=1024)(self._policy_for)

    def _policy_for(self, host: str) -> Policy:
        try:
            address = ip_address(host)
        except ValueError:
            return Policy.REJECT
        if any(address in network for network in self._deny):
            return Policy.REJECT
        if any(address in network for network in self._allow):
            return Policy.USE
        return self._fallback

    async def admit(self, sock: socket.socket, admission: Admission) -> Admission:
        """Read a header if there is one. A peer behind a Unix socket is trusted.

        Raises `RefusedConnectionError`.
        """
        client = admission.client
        policy = Policy.USE if client is None else self._policy(client[0])
        if policy is Policy.SKIP:
            return admission
        begun = bytearray(admission.begun)
        try:
            async with asyncio.timeout(self._timeout):
                told = await _read(sock, begun)
        except TimeoutError:
            # Who sent nothing may be a client that is slow to ask; half a header is none's.
            if begun:
                raise RefusedConnectionError("half a PROXY header") from None
            told = None
        except ProxyHeaderError as error:
            raise RefusedConnectionError(f"a wrong PROXY header: {error}") from None
        return _used(admission, policy, told, bytes(begun))


def _used(admission: Admission, policy: Policy, told: Told | None, begun: bytes) -> Admission:
    if told is None:
        if policy is Policy.REQUIRE:
            raise RefusedConnectionError("no PROXY header")
        return replace(admission, begun=begun)
    if policy is Policy.REJECT:
        raise RefusedConnectionError("a PROXY header from one who may send none")
    if policy is Policy.IGNORE or told.is_local:
        return replace(admission, begun=b"")
    return Admission(told.client, told.server)


async def _read(sock: socket.socket, begun: bytearray) -> Told | None:
    """Read a header, and nothing after it; what was read of something else is in `begun`.

    The bytes are looked at in the kernel first, so that those of HTTP or TLS stay there. Raises
    `ProxyHeaderError`.
    """
    while True:
        data = await _peek(sock)
        whole = bytes(begun) + data
        if not data or not may_begin(whole):
            return None
        told = read_proxy_header(whole)
        if told is None:
            # All of this is the header's, whose rest is to come.
            begun += sock.recv(len(data))
        else:
            sock.recv(told.size - len(begun))
            begun.clear()
            return told


async def _peek(sock: socket.socket) -> bytes:
    while True:
        try:
            return sock.recv(LONGEST, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            await readable(sock)
