"""What the supervisor, the zygote and the workers say to each other, and how it travels.

A channel is a pair of connected Unix stream sockets. A message is a msgspec
struct in MessagePack behind its length (4 bytes, big-endian); file descriptors
ride on the first byte of a message (SCM_RIGHTS, unix(7)). The end of the
stream means that the other process is gone: whoever reads it ends as well, so
no process outlives the supervisor.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

import msgspec


class Message(msgspec.Struct, frozen=True, tag=True):
    """The base of all messages."""


class Fork(Message, frozen=True):
    """Supervisor to zygote: make a worker. The worker's channel rides along."""

    serial: int


class Forked(Message, frozen=True):
    """Zygote to supervisor: this is the worker's process; 0 and an error if there is none."""

    serial: int
    pid: int
    error: str = ""


class Exited(Message, frozen=True):
    """Zygote to supervisor: the worker is gone; `status` is waitpid's, as an exit code."""

    serial: int
    status: int


class Listen(Message, frozen=True):
    """Supervisor to worker: these sockets, which ride along, are yours."""

    addresses: tuple[str, ...]


class Count(Message, frozen=True):
    """Supervisor to worker: these files, which ride along, hold the figures of all workers."""


class Provision(Message, frozen=True):
    """Supervisor to worker: run this document."""

    document: bytes
    index: int


class Ready(Message, frozen=True):
    """Worker to supervisor: everything is provisioned, and requests are answered."""


class Failed(Message, frozen=True):
    """Worker to supervisor: the document cannot run here, and why; `path` is where it says so."""

    reason: str
    path: str = ""


class Announce(Message, frozen=True):
    """Supervisor to worker: in so many seconds you will be told to drain; until then go on."""

    seconds: float


class Drain(Message, frozen=True):
    """Supervisor to worker: take nothing new, finish what runs, end."""


AnyMessage = Fork | Forked | Exited | Listen | Count | Provision | Ready | Failed | Announce | Drain

FDS_PER_MESSAGE = 200
"""Linux takes 253 descriptors in one message (SCM_MAX_FD)."""

decoder: msgspec.msgpack.Decoder[AnyMessage] = msgspec.msgpack.Decoder(AnyMessage)
HEAD = 4
"""Bytes of the length in front of a message."""


def frame(message: Message) -> bytes:
    """Return the message as it travels."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(HEAD, "big") + body


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a new channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)


def send(sock: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Send a small message and its descriptors in one call.

    On a non-blocking socket it must fit the send buffer: only descriptors and
    short messages go this way there, and a channel never holds many.
    """
    data = frame(message)
    sent = socket.send_fds(sock, [data], list(fds)) if fds else sock.send(data)
    if sent < len(data):
        sock.sendall(data[sent:])


class Inbox:
    """The reading end of a channel for a process that has no loop, or none yet.

    It reads one message and not a byte more, so `select` tells whether another waits.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.fds: list[int] = []
        """The descriptors that have arrived; whoever takes them empties the list."""

    def take(self) -> list[int]:
        """Return the descriptors that have arrived since the last time."""
        fds, self.fds = self.fds, []
        return fds

    def receive(self) -> AnyMessage | None:
        """Wait for a message and return it; `None` when the other end is gone."""
        try:
            head = self._exactly(HEAD)
            return decoder.decode(self._exactly(int.from_bytes(head, "big")))
        except (EOFError, ConnectionResetError):
            return None

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more, fds, _, _ = socket.recv_fds(self._sock, size - len(data), FDS_PER_MESSAGE)
            if not more:
                raise EOFError
            data += more
            self.fds += fds
        return data
