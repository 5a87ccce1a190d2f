"""What the supervisor, its zygotes and their forks say to each other, and how it travels.

A channel is a pair of connected Unix stream sockets. A message is a JSON array,
its name and then its fields, behind its length (4 bytes, big-endian); file descriptors
ride on the first byte of a message (SCM_RIGHTS, unix(7)). The end of the
stream means that the other process is gone: whoever reads it ends as well, so
no process outlives the supervisor.

One end may be a process that runs an app, and an app can write what it likes on
any descriptor of its process. So whoever decodes believes nothing: a message that is
none, or too long, is a `ChannelError`, and the channel is of no more use.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, get_type_hints

from snake.fork.checks import CHECKS


class ChannelError(Exception):
    """What came on a channel is no message."""


class Fork(NamedTuple):
    """Supervisor to zygote: make a process. Its channel rides along."""

    serial: int
    tickets: tuple[str, ...] = ()
    """For what purposes it opens the session tickets of other forks; see `tls.tickets`."""


class Forked(NamedTuple):
    """Zygote to supervisor: this is the process; 0 and an error if there is none."""

    serial: int
    pid: int
    error: str = ""


class Exited(NamedTuple):
    """Zygote to supervisor: the process is gone; `status` is waitpid's, as an exit code."""

    serial: int
    status: int


class Kill(NamedTuple):
    """Supervisor to zygote: end the process that you made, now."""

    serial: int


class Prepare(NamedTuple):
    """Supervisor to a new zygote: your forks will run this.

    It is the JSON of `pool.settings`, or of a config whose apps are loaded before there are forks.
    """

    settings: str
    cache: str = ""
    """The address of the cache, for apps of a config."""


class Hello(NamedTuple):
    """The zygote of a pool to the supervisor: this is a Python, of this version."""

    version: str


class Listen(NamedTuple):
    """Supervisor to worker: these sockets, which ride along, are for this one of your loops."""

    addresses: tuple[str, ...]
    loop: int = 0


class Count(NamedTuple):
    """Supervisor to worker: these files, which ride along, hold the figures of all workers."""

    own: int = 0
    """Which of them is that of your first loop."""
    before: int = 0
    """1 if they are those of other configurations' workers."""


class Query(NamedTuple):
    """Worker to supervisor: tell me what you know of all that runs; somebody asks for metrics."""

    loop: int = 0


class Told(NamedTuple):
    """Supervisor to worker: what it knows, as `metrics.report.Report` in JSON."""

    report: str
    loop: int = 0


class Dump(NamedTuple):
    """Supervisor to worker: this file, which rides along, is for `faulthandler`, at SIGURG."""


class Provision(NamedTuple):
    """Supervisor to worker: run this document, the JSON of a config or of an app's settings."""

    document: str
    number: int
    pools: str = ""
    """Where the apps are that run in pools, as JSON; see `python.pools`."""
    cache: str = ""
    """The address of the cache, for the apps that run in the worker."""
    keys: str = ""
    """All certificates that there are, as `tls.ring.Update` in JSON."""
    meeting: str = ""
    """The folder in which sockets for HTTP/3 find each other."""


class KeepCache(NamedTuple):
    """Supervisor to a fork: be the cache, on the socket that has come, with this secret."""

    secret: str


class Ready(NamedTuple):
    """Worker to supervisor: everything is provisioned, and requests are answered."""


class Failed(NamedTuple):
    """Worker to supervisor: the document cannot run here, and why; `path` is where it says so."""

    reason: str
    path: str = ""


class Alive(NamedTuple):
    """Worker to supervisor: my event loops turn. Said once a second by one that is ready."""


class Blocked(NamedTuple):
    """Worker to supervisor, instead of `Alive`: an event loop does not turn."""


class Weary(NamedTuple):
    """Worker to supervisor: put another process in my place, gracefully, and why."""

    reason: str


class Leaving(NamedTuple):
    """Worker to supervisor: one of my event loops takes no new connection any more."""


class Note(NamedTuple):
    """A process of a pool to the supervisor: put this into the log."""

    level: int
    text: str
    fields: str = "{}"
    """What belongs to it, as JSON."""


class Serve(NamedTuple):
    """Supervisor to worker: all others are ready as well; take requests from now on."""


class Want(NamedTuple):
    """Worker to supervisor: give me the app that these values of placeholders choose."""

    place: str
    """Of the handler, in the document."""
    values: tuple[str, ...]
    loop: int = 0
    """Which of the worker's event loops it is."""


class Given(NamedTuple):
    """Supervisor to worker: what it wanted is this app, in a pool with these sockets."""

    place: str
    values: tuple[str, ...]
    number: int
    name: str
    sockets: tuple[str, ...]
    loop: int = 0


class Refused(NamedTuple):
    """Supervisor to worker: what it wanted is no app, or cannot run; why, and for how long."""

    place: str
    values: tuple[str, ...]
    status: int
    reason: str
    seconds: float
    loop: int = 0


class Used(NamedTuple):
    """Worker to supervisor: these apps had requests since it was last said."""

    numbers: tuple[int, ...]


class Forget(NamedTuple):
    """Supervisor to worker: use this app no more, unless it has requests; answer in any case."""

    number: int
    loop: int = 0


class Forgot(NamedTuple):
    """Worker to supervisor: it is forgotten, or (0) it is not."""

    number: int
    gone: int
    loop: int = 0


class Keys(NamedTuple):
    """Supervisor to worker: these certificates are new, or gone, as `tls.ring.Update` in JSON."""

    update: str


class Seek(NamedTuple):
    """Worker to supervisor: a client waits for a certificate, or asks for a challenge's answer."""

    kind: str
    name: str
    visitor: str = "{}"
    """Who waits for it, as `tls.ring.Visitor` in JSON."""
    loop: int = 0


class Found(NamedTuple):
    """Supervisor to worker: what it sought, as `tls.ring.Found` in JSON."""

    kind: str
    name: str
    found: str
    loop: int = 0


class Announce(NamedTuple):
    """Supervisor to worker: in so many seconds you will be told to drain; until then go on."""

    seconds: float


class Drain(NamedTuple):
    """Supervisor to worker: take no new connection, finish what runs, end.

    For `linger` seconds connections that wait for a request are left to their clients. Told
    once more, a worker that lingers does so no longer.
    """

    linger: float = 0.0


Message = (
    Fork
    | Forked
    | Exited
    | Kill
    | Prepare
    | Hello
    | Listen
    | Count
    | Query
    | Told
    | Dump
    | Provision
    | KeepCache
    | Ready
    | Failed
    | Alive
    | Blocked
    | Weary
    | Leaving
    | Note
    | Serve
    | Want
    | Given
    | Refused
    | Used
    | Forget
    | Forgot
    | Keys
    | Seek
    | Found
    | Announce
    | Drain
)

FDS_PER_MESSAGE = 200
"""Linux takes 253 descriptors in one message (SCM_MAX_FD)."""
HEAD = 4
"""Bytes of the length in front of a message."""
LONGEST = 1 << 30
"""Bytes of the longest message that the supervisor sends: a document."""
LONGEST_HEARD = 1 << 20
"""Bytes of the longest message that the supervisor takes."""


def frame(message: Message) -> bytes:
    """Return the message as it travels."""
    body = json.dumps([type(message).__name__, *message]).encode()
    return len(body).to_bytes(HEAD, "big") + body


def decode(data: bytes) -> Message:
    """Return the message in a frame. Raises `ChannelError`."""
    try:
        name, *fields = json.loads(data)
        kind, *checks = _KINDS[name]
        pairs = zip(checks, fields, strict=True)
        return kind(*[check(value) for check, value in pairs])  # type: ignore[no-any-return]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ChannelError(f"a message on the channel is none: {error}") from None


def size_of(head: bytes, longest: int) -> int:
    """Return the length that a frame begins with. Raises `ChannelError`."""
    size = int.from_bytes(head, "big")
    if size > longest:
        raise ChannelError(f"a message on the channel has {size} bytes")
    return size


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

    def receive(self) -> Message | None:
        """Wait for a message and return it; `None` when the other end is gone."""
        try:
            size = size_of(self._exactly(HEAD), LONGEST)
            return decode(self._exactly(size))
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


_KINDS: dict[str, tuple[Callable[..., Any], ...]] = {
    kind.__name__: (kind, *(CHECKS[hint] for hint in get_type_hints(kind).values()))
    for kind in Message.__args__
}
"""What makes a message of each name, and what checks each of its fields."""
