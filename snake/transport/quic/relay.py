"""Relay: how endpoints of one server pass each other the datagrams that came to the wrong one.

The kernel spreads datagrams over the sockets of a port by the addresses of both ends. So those
of one connection come to another process when the client's address changes, when there are more
or fewer workers, and after every reload. Each endpoint has a Unix socket in the server's private
folder, named after it, and who gets what is not his own puts it there. Endpoints that take new
connections have a mark beside it: to one of these goes what begins a connection and came to one
that is about to end.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path as File

from snake.transport.quic.datagrams import Path
from snake.transport.quic.identity import SECRET

_MOST_WAITING = 65_536
"""Bytes that are passed on at once."""
_LONGEST = 262_144
_RECORD = struct.Struct("!BBHHI")
"""Bytes of the peer's host and of our own, of the datagram; the peer's port, and its scope."""
_MARK = ".takes"
_SECRET = "secret"  # noqa: S105  (the name of a file)
_GONE = frozenset({errno.ECONNREFUSED, errno.ENOENT})

Take = Callable[[bytes, Path], None]


class Relay:
    """One endpoint's place among its neighbours."""

    def __init__(self, folder: File, owner: bytes, take: Take) -> None:
        """`take` is given what neighbours pass on, and then told the end by an empty datagram."""
        self._folder = folder
        self._file = folder / owner.hex()
        self._mark = self._file.with_suffix(_MARK)
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, bytearray] = {}
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.setblocking(False)  # noqa: FBT003
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * _LONGEST)
        try:
            self._sock.bind(str(self._file))
        except BaseException:
            self._sock.close()
            raise
        self._loop.add_reader(self._sock, self._read)

    def takes(self, *, new: bool) -> None:
        """Tell neighbours whether new connections are taken here."""
        if new:
            self._mark.touch(mode=0o600)
        else:
            self._mark.unlink(missing_ok=True)

    def close(self) -> None:
        """Take nothing more."""
        self._loop.remove_reader(self._sock)
        self._sock.close()
        self.takes(new=False)
        self._file.unlink(missing_ok=True)

    def pass_on(self, owner: bytes, data: bytes, path: Path) -> bool:
        """Pass a datagram on to its owner; return whether there is one."""
        file = self._folder / owner.hex()
        if not file.exists():
            return False
        self._add(str(file), data, path)
        return True

    def pass_to_taker(self, destination: bytes, data: bytes, path: Path) -> None:
        """Pass on what begins a connection, always to the same one for one `destination`."""
        takers = sorted(each for each in self._folder.glob(f"*{_MARK}") if each != self._mark)
        if takers:
            taker = max(takers, key=lambda each: zlib.crc32(destination + each.stem.encode()))
            self._add(str(taker.with_suffix("")), data, path)

    def _add(self, file: str, data: bytes, path: Path) -> None:
        waiting = self._waiting.setdefault(file, bytearray())
        waiting += _packed(data, path)
        if len(waiting) > _MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Send what is to be passed on; what there is no room for is lost."""
        for file, waiting in self._waiting.items():
            try:
                self._sock.sendto(waiting, file)
            except OSError as error:
                if error.errno in _GONE:  # its process has died
                    File(file).unlink(missing_ok=True)
                    File(file).with_suffix(_MARK).unlink(missing_ok=True)
        self._waiting.clear()

    def _read(self) -> None:
        with suppress(BlockingIOError, InterruptedError):
            for data, path in _unpacked(self._sock.recv(_LONGEST)):
                self._take(data, path)
            self._take(b"", Path(("", 0), b""))


def shared_secret(folder: File) -> bytes:
    """Return the secret of all endpoints that share a folder; the first one makes it."""
    file = folder / _SECRET
    with suppress(FileNotFoundError):
        return file.read_bytes()
    made = folder / secrets.token_hex(8)
    descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(descriptor, "wb") as out:  # noqa: PTH123
        out.write(secrets.token_bytes(SECRET))
    with suppress(FileExistsError):
        os.link(made, file)
    made.unlink()
    return file.read_bytes()


def _packed(data: bytes, path: Path) -> bytes:
    host = path.peer[0].partition("%")[0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    packed = socket.inet_pton(family, host)
    scope = path.peer[3] if len(path.peer) > 3 else 0  # noqa: PLR2004
    head = _RECORD.pack(len(packed), len(path.local), len(data), path.peer[1], scope)
    return head + packed + path.local + data


def _unpacked(message: bytes) -> Iterator[tuple[bytes, Path]]:
    at = 0
    while at < len(message):
        hosts, locals_, size, port, scope = _RECORD.unpack_from(message, at)
        at += _RECORD.size
        packed, local = message[at : at + hosts], message[at + hosts : at + hosts + locals_]
        at += hosts + locals_
        if hosts == 4:  # noqa: PLR2004
            peer: tuple[object, ...] = (socket.inet_ntop(socket.AF_INET, packed), port)
        else:
            peer = (socket.inet_ntop(socket.AF_INET6, packed), port, 0, scope)
        yield message[at : at + size], Path(peer, local)
        at += size
