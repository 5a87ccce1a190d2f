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
from collections.abc import Iterable, Mapping
from pathlib import Path

from snake.core.errors import StartError
from snake.core.network import NetworkAddress
from snake.engine.holder import holder
from snake.engine.inherited import inherited
from snake.engine.spread import spread

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

    def open(self, addresses: Iterable[NetworkAddress], workers: int) -> Opening:
        """Listen on every address, once for each worker. Raises `ListenError`, leaves nothing.

        Sockets beyond the first ones get no connections before `Opening.complete`: as long as
        another generation runs, nobody would take them.
        """
        opening = Opening(self, workers)
        try:
            for address in addresses:
                if address not in self._open:
                    self._open[address] = [_first(address, self._ports(_kind(address)))]
                    opening.fresh.append(address)
                opening.counts[address] = len(self._open[address])
                if not _shared(address):
                    self._bind(address, workers)
        except BaseException:
            opening.undo()
            raise
        return opening

    def _bind(self, address: NetworkAddress, workers: int) -> None:
        own = self._open[address]
        while len(own) < workers:
            sock = _shareable(own[0].family, address)
            own.append(sock)
            if _kind(address) == socket.SOCK_STREAM:
                _bind(sock, own[0].getsockname(), address)

    def complete(self, counts: Mapping[NetworkAddress, int], workers: int) -> None:
        """Have every socket listen, and new connections spread over those of so many workers."""
        for address, count in counts.items():
            own = self._open[address]
            try:
                for sock in own[count:]:
                    _begin(sock, own[0].getsockname(), address)
            except OSError as error:
                raise _explain(error, address) from None
            if _is_spread(address) and len(own) > 1:
                spread(own[0], workers, len(own))

    def shrink(self, counts: Mapping[NetworkAddress, int]) -> None:
        """Close the sockets of each address but for so many."""
        for address, count in counts.items():
            own = self._open.get(address, [])
            while len(own) > count:
                own.pop().close()

    def of_worker(
        self, addresses: Iterable[NetworkAddress], index: int, workers: int
    ) -> list[tuple[str, int]]:
        """Return the addresses that worker `index` of so many accepts from, with descriptors.

        The sockets of a worker more, of before, are never closed as long as the address is
        listened on: connections may wait there. They are shared out among those that there are.
        """
        found = []
        for address in addresses:
            own = self._open[address]
            mine = own if _shared(address) else own[index::workers]
            found += [(str(address), sock.fileno()) for sock in mine]
        return found

    def first(self, address: NetworkAddress) -> socket.socket:
        """Return the socket of an address, or the first of several."""
        return self._open[address][0]

    def _ports(self, kind: int) -> frozenset[int]:
        """Return the ports of TCP or UDP that are listened on here."""
        names = [
            own[0].getsockname()
            for at, own in self._open.items()
            if not _shared(at) and _kind(at) == kind
        ]
        return frozenset(name[1] for name in names)

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
                Path(unix_path(address)[0]).unlink(missing_ok=True)


class Opening:
    """What was opened for a generation that is not ready yet."""

    def __init__(self, sockets: Sockets, workers: int) -> None:
        self._sockets = sockets
        self._workers = workers
        self.fresh: list[NetworkAddress] = []
        self.counts: dict[NetworkAddress, int] = {}
        """How many sockets each address had."""

    def complete(self) -> None:
        """Have new connections come. Raises `ListenError`."""
        self._sockets.complete(self.counts, self._workers)

    def undo(self) -> None:
        """Leave things as they were."""
        self._sockets.close(self.fresh)
        self._sockets.shrink(self.counts)


def _shared(address: NetworkAddress) -> bool:
    return address.is_unix or address.is_fd


def _kind(address: NetworkAddress) -> socket.SocketKind:
    return socket.SOCK_DGRAM if address.is_datagram else socket.SOCK_STREAM


def _begin(sock: socket.socket, where: tuple[object, ...], address: NetworkAddress) -> None:
    """Have something come to a socket more. Raises `OSError`, or `ListenError`.

    A UDP socket gets its part of all datagrams from the moment that it is bound.
    """
    if sock.type == socket.SOCK_DGRAM:
        _bind(sock, where, address)
    else:
        sock.listen(BACKLOG)


def _is_spread(address: NetworkAddress) -> bool:
    """Whether it matters not which socket gets what is next; datagrams belong together."""
    return not _shared(address) and _kind(address) == socket.SOCK_STREAM


def _first(address: NetworkAddress, ours: frozenset[int]) -> socket.socket:
    if address.is_fd:
        return _inherited(address)
    if address.is_unix:
        return _listen_unix(address)
    family, where = _resolve(address)
    if where[1] not in ours:  # such as `127.0.0.1:80` in place of `:80`
        _refuse_taken(family, where, address)
    sock = _bound(family, where, address)
    try:
        if sock.type == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _explain(error, address) from None
    return sock


def _resolve(address: NetworkAddress) -> tuple[int, tuple[object, ...]]:
    """Return the family and socket address to bind, as Go's `net.Listen` chooses them.

    No host is every address of both families; a name is its first IPv4 address,
    or its first at all.
    """
    family = {"4": socket.AF_INET, "6": socket.AF_INET6}.get(address.network[-1], 0)
    host = address.host
    if not host:
        if family == socket.AF_INET or (not family and not socket.has_dualstack_ipv6()):
            return socket.AF_INET, ("0.0.0.0", address.start_port)  # noqa: S104  (what `:80` means)
        host, family = "::", socket.AF_INET6
    # Python looks at text with its codec for international names, which it has to load first.
    name = host.encode() if host.isascii() else host
    try:
        found = socket.getaddrinfo(
            name, address.start_port, family, _kind(address), flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        raise ListenError(address, f"{error.strerror}") from None
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    return found[0][0], found[0][4]


def _refuse_taken(family: int, where: tuple[object, ...], address: NetworkAddress) -> None:
    """Bind once without SO_REUSEPORT, which would let a second snake share the port unnoticed."""
    with socket.socket(family, _kind(address)) as probe:
        _bind(probe, where, address)


def _bound(family: int, where: tuple[object, ...], address: NetworkAddress) -> socket.socket:
    sock = _shareable(family, address)
    try:
        _bind(sock, where, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _shareable(family: int, address: NetworkAddress) -> socket.socket:
    """Return a socket that shares its port with others of this user."""
    sock = socket.socket(family, _kind(address))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return sock


def _bind(sock: socket.socket, where: tuple[object, ...], address: NetworkAddress) -> None:
    if sock.type == socket.SOCK_STREAM:  # with it, anybody's UDP sockets could share a port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sock.family == socket.AF_INET6:
        only = int(address.network.endswith("6") or bool(address.host))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    try:
        sock.bind(where)
    except OSError as error:
        raise _explain(error, address) from None


def _explain(error: OSError, address: NetworkAddress) -> ListenError:
    hint = ""
    if error.errno == errno.EADDRINUSE and not address.network.startswith("udp"):
        who = holder(address.start_port)
        hint = f" (by {who})" if who else ""
    elif error.errno == errno.EACCES:
        hint = (
            "; ports below 1024 need root, CAP_NET_BIND_SERVICE, "
            "or the sysctl net.ipv4.ip_unprivileged_port_start"
        )
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    return ListenError(address, f"{reason}{hint}")


def _inherited(address: NetworkAddress) -> socket.socket:
    try:
        sock = inherited(address.host, _kind(address))
        if sock.type == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except OSError as error:
        raise ListenError(address, (error.strerror or str(error)).lower()) from None
    except ValueError as error:
        raise ListenError(address, str(error)) from None
    return sock


def unix_path(address: NetworkAddress) -> tuple[str, int]:
    """Split `path|0660` into path and mode; Caddy's default is 0200. Raises `ListenError`."""
    path, _, mode = address.host.partition("|")
    try:
        return path, int(mode or "0200", 8)
    except ValueError:
        raise ListenError(address, f'"{mode}" is no octal mode') from None


def _listen_unix(address: NetworkAddress) -> socket.socket:
    path, mode = unix_path(address)
    remove_stale(path, address)
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


def remove_stale(path: str, address: NetworkAddress) -> None:
    """Remove the socket file of a server that is gone, if there is one.

    Raises `ListenError` if somebody answers there, or if it is another kind of file.
    """
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
