"""Dialer: a connected socket for an address, by TCP or a Unix socket.

A name is asked for all its addresses, and those of the other family are tried as well
when the first ones do not answer soon (RFC 8305).
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from snake.core.record import Record
from snake.proxy.contract import DialError, DialInfo
from snake.proxy.dns import DNS
from snake.proxy.source import SourceError

_Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]

_VERSIONS = {"tcp4": "ip4", "tcp6": "ip6"}
_FAMILIES = {"tcp4": socket.AF_INET, "tcp6": socket.AF_INET6}


class Dialing(Record):
    """How connections are made; times are seconds."""

    timeout: float | None = 3.0
    fallback_delay: float | None = 0.3
    """How long the first family is tried alone; `None`: until it has failed."""
    local: tuple[str, int] | None = None
    """The address that upstreams see."""
    probe_interval: int | None = 30
    """Seconds without a byte before a connection is probed, and between two probes."""
    dns: DNS | None = None
    """Who is asked for the addresses of names; `None` for the system."""


class Dialer:
    """Connects sockets."""

    def __init__(self, dialing: Dialing) -> None:
        self._dialing = dialing

    async def dial(self, to: DialInfo) -> socket.socket:
        """Return a connected socket. Raises `DialError`, also when it takes too long."""
        timeout = self._dialing.timeout
        try:
            async with asyncio.timeout(timeout):
                if to.network.startswith("unix"):
                    return await self._unix(to.address)
                return await self._tcp(to)
        except TimeoutError:
            raise DialTimeoutError(f"dialling {to.address}: no answer in {timeout} s") from None
        except (OSError, SourceError) as error:
            number = getattr(error, "errno", None) or 0
            # What the event loop says of a failure is which address it was.
            why = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or error
            raise DialError(f"dialling {to.address}: {why}") from error

    async def _unix(self, path: str) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        address = f"\0{path[1:]}" if path.startswith("@") else path
        return await _connect(sock, address)

    async def _tcp(self, to: DialInfo) -> socket.socket:
        addresses = await self._resolve(to)
        first_family = addresses[0][0]
        first = [each for each in addresses if each[0] == first_family]
        others = [each for each in addresses if each[0] != first_family]
        if not others:
            return await self._first_of(first)
        return await self._race(first, others)

    async def _resolve(self, to: DialInfo) -> Sequence[_Address]:
        host, port = to.host or "localhost", int(to.port)
        family = _FAMILIES.get(to.network, socket.AF_UNSPEC)
        literal = _literal(host, port)
        if literal is not None:
            return [literal]
        if self._dialing.dns is not None:
            version = _VERSIONS.get(to.network, "ip")
            names = await self._dialing.dns.addresses(host, version)
            return [found for name in names if (found := _literal(name, port))]
        loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        return [(each[0], each[4]) for each in infos]  # type: ignore[misc]

    async def _first_of(self, addresses: Sequence[_Address]) -> socket.socket:
        """Try one after another. Raises the first `OSError` when all fail."""
        failure: OSError | None = None
        for family, address in addresses:
            try:
                return await self._connect(family, address)
            except OSError as error:
                failure = failure or error
        raise failure or OSError("the name has no address")

    async def _race(self, first: Sequence[_Address], others: Sequence[_Address]) -> socket.socket:
        """Try both families, the second a little later; the first socket wins."""
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(self._first_of(first))]
        try:
            await asyncio.wait(tasks, timeout=self._dialing.fallback_delay)
            if not _connected(tasks[0]):
                tasks.append(loop.create_task(self._first_of(others)))
            while not (won := [task for task in tasks if _connected(task)]):
                pending = [task for task in tasks if not task.done()]
                if not pending:
                    raise tasks[0].exception() or OSError("no connection")
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            tasks.remove(won[0])
            return won[0].result()
        finally:
            for task in tasks:
                task.add_done_callback(_close_late)
                task.cancel()

    async def _connect(
        self,
        family: socket.AddressFamily,
        address: tuple[str, int] | tuple[str, int, int, int],
    ) -> socket.socket:
        dialing = self._dialing
        sock = socket.socket(family)
        if dialing.local is not None:
            try:
                sock.bind(dialing.local)
            except OSError:
                sock.close()
                raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if dialing.probe_interval is not None:
            _probe(sock, dialing.probe_interval)
        return await _connect(sock, address)


class DialTimeoutError(DialError):
    """No connection in time."""


async def _connect(sock: socket.socket, address: object) -> socket.socket:
    """Connect a socket, which is closed when that fails."""
    sock.setblocking(False)  # noqa: FBT003
    try:
        await asyncio.get_running_loop().sock_connect(sock, address)  # type: ignore[arg-type]
    except BaseException:
        sock.close()
        raise
    return sock


def _connected(task: asyncio.Task[socket.socket]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _close_late(task: asyncio.Task[socket.socket]) -> None:
    """Close the socket that lost the race."""
    if _connected(task):
        task.result().close()


def _probe(sock: socket.socket, interval: int) -> None:
    """Have the kernel find out that an upstream has vanished."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), min(interval, 32_767))


def _literal(host: str, port: int) -> _Address | None:
    """Return the address that an IP stands for, which nobody need be asked for."""
    try:
        version = ip_address(host).version
    except ValueError:
        return None
    if version == 4:  # noqa: PLR2004
        return socket.AF_INET, (host, port)
    if "%" in host:  # a zone, for which the resolver knows the number
        return None
    return socket.AF_INET6, (host, port, 0, 0)
