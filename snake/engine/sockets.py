"""Listening sockets: made and kept open by the supervisor, accepted from by the workers.

Each worker has a socket of its own for a TCP address (SO_REUSEPORT), and the
kernel spreads connections over them. As the supervisor holds every one of them
open, the connections that wait on the socket of a dead worker stay where they
are, and the worker that follows takes them from the very same socket. Unix
sockets and inherited descriptors cannot be had several times: all workers
share those.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterable
from pathlib import Path

from snake.core.errors import StartError
from snake.core.network import NetworkAddress
from snake.engine.holder import holder

BACKLOG = 4096
"""Connections that may wait to be accepted; the kernel lowers it to its own limit (listen(2))."""


class ListenError(StartError):
    """An address that cannot be listened on."""

    def __init__(self, address: NetworkAddress, reason: str) -> None:
        super().__init__(f"cannot listen on {address}: {reason}")
        self.address = address


class Sockets:
    """The listening sockets of the running configurations, by address and worker.

    An address that two generations share has one set of sockets, so nothing
    is lost between them.
    """

    def __init__(self) -> None:
        self._open: dict[NetworkAddress, list[socket.socket]] = {}

    def open(self, addresses: Iterable[NetworkAddress], workers: int) -> None:
        """Listen on every address, once for each worker. Raises `ListenError`, leaves nothing."""
        fresh = [address for address in addresses if address not in self._open]
        try:
            for address in fresh:
                self._open[address] = [_first(address)]
            for address in addresses:
                own = self._open[address]
                while not _shared(address) and len(own) < workers:
                    own.append(_listen(own[0].family, own[0].getsockname(), address))
        except BaseException:
            self.close(fresh)
            raise

    def of_worker(self, addresses: Iterable[NetworkAddress], index: int) -> dict[str, int]:
        """Return the descriptor of each address that worker `index` accepts from."""
        return {
            str(address): self._open[address][0 if _shared(address) else index].fileno()
            for address in addresses
        }

    def bound(self, address: NetworkAddress) -> str:
        """Return where an address really listens: with the port that `:0` was given."""
        if _shared(address):
            return str(address)
        host, port = self._open[address][0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def close(self, addresses: Iterable[NetworkAddress] | None = None) -> None:
        """Stop listening on these addresses, or on all."""
        for address in list(self._open if addresses is None else addresses):
            own = self._open.pop(address, [])
            for sock in own:
                sock.close()
            if own and address.is_unix:
                Path(_unix_path(address)[0]).unlink(missing_ok=True)


def _shared(address: NetworkAddress) -> bool:
    return address.is_unix or address.is_fd


def _first(address: NetworkAddress) -> socket.socket:
    if address.is_fd:
        return _inherited(address)
    if address.is_unix:
        return _listen_unix(address)
    family, where = _resolve(address)
    _refuse_taken(family, where, address)
    return _listen(family, where, address)


def _resolve(address: NetworkAddress) -> tuple[int, tuple[object, ...]]:
    """Return the family and socket address to bind, as Go's `net.Listen` chooses them.

    No host is every address of both families; a name is its first IPv4 address,
    or its first at all.
    """
    family = {"tcp4": socket.AF_INET, "tcp6": socket.AF_INET6}.get(address.network, 0)
    host = address.host
    if not host:
        if family == socket.AF_INET or (not family and not socket.has_dualstack_ipv6()):
            return socket.AF_INET, ("0.0.0.0", address.start_port)  # noqa: S104  (what `:80` means)
        host, family = "::", socket.AF_INET6
    try:
        found = socket.getaddrinfo(
            host, address.start_port, family, socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        raise ListenError(address, f"{error.strerror}") from None
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    return found[0][0], found[0][4]


def _refuse_taken(family: int, where: tuple[object, ...], address: NetworkAddress) -> None:
    """Bind once without SO_REUSEPORT, which would let a second snake share the port unnoticed."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        _bind(probe, where, address)


def _listen(family: int, where: tuple[object, ...], address: NetworkAddress) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _bind(sock, where, address)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind(sock: socket.socket, where: tuple[object, ...], address: NetworkAddress) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sock.family == socket.AF_INET6:
        only = int(address.network == "tcp6" or bool(address.host))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    try:
        sock.bind(where)
    except OSError as error:
        raise _explain(error, address) from None


def _explain(error: OSError, address: NetworkAddress) -> ListenError:
    hint = ""
    if error.errno == errno.EADDRINUSE:
        who = holder(address.start_port)
        hint = f" (by {who})" if who else ""
    elif error.errno == errno.EACCES:
        hint = "; ports below 1024 need root or CAP_NET_BIND_SERVICE"
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    return ListenError(address, f"{reason}{hint}")


def _inherited(address: NetworkAddress) -> socket.socket:
    try:
        sock = socket.socket(fileno=os.dup(int(address.host)))
        sock.listen(BACKLOG)
    except (ValueError, OSError) as error:
        raise ListenError(address, str(error)) from None
    return sock


def _unix_path(address: NetworkAddress) -> tuple[str, int]:
    """Split `path|0660`; Caddy's default mode is 0200."""
    path, _, mode = address.host.partition("|")
    try:
        return path, int(mode or "0200", 8)
    except ValueError:
        raise ListenError(address, f'"{mode}" is no octal mode') from None


def _listen_unix(address: NetworkAddress) -> socket.socket:
    path, mode = _unix_path(address)
    _remove_stale(path, address)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The mode is there from the start: nobody connects in between.
        before = os.umask(0o777 & ~mode)
        try:
            sock.bind(path)
        finally:
            os.umask(before)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _explain(error, address) from None
    return sock


def _remove_stale(path: str, address: NetworkAddress) -> None:
    """Remove the socket file of a server that is gone; refuse one that somebody answers on."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(Path(path).lstat().st_mode):
            raise ListenError(address, "the file is there and is no socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                Path(path).unlink()
            else:
                raise ListenError(address, "address already in use")
