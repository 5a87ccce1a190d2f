"""Talk: what is said to one client, request by request; the connection is elsewhere.

Before a client has said its token it is answered nothing but that it should. Then it
has the commands of its namespace, and those here, which are about the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from snake.cache.commands import SCALARS, Command
from snake.cache.elements import ELEMENTS
from snake.cache.namespace import Namespace
from snake.cache.resp import NO_ARRAY, Reply, ReplyError, encode
from snake.cache.waiters import Waiter

COMMANDS: Mapping[bytes, Command] = SCALARS | ELEMENTS
LONGEST_WAIT = 1e9
"""Seconds of the longest time that a pop may wait."""

NO_TOKEN = ReplyError("NOAUTH Authentication required.")
WRONG_TOKEN = ReplyError("WRONGPASS invalid username-password pair or user is disabled.")
TOO_MANY = ReplyError("ERR max number of clients reached")
LISTENING = frozenset({b"SUBSCRIBE", b"UNSUBSCRIBE", b"PING", b"QUIT"})
"""What a client may still say that listens to channels."""
_LISTENING_ONLY = (
    "ERR only SUBSCRIBE / UNSUBSCRIBE / PING / QUIT are allowed while channels are listened to"
)


class Client(Protocol):
    """The connection, as the talk needs it."""

    def send(self, data: bytes) -> None:
        """Send what the client has not just asked for."""

    def alive(self) -> bool:
        """Return whether the client is still there."""

    def go_on(self) -> None:
        """Read its next request: it waits no longer."""


class Talk:
    """One client's side of its namespace."""

    def __init__(self, client: Client, enter: Callable[[str], Namespace | None]) -> None:
        self.namespace: Namespace | None = None
        self.closing = False
        """Whether the client is to be left after what was said last."""
        self.waiter: Waiter | None = None
        """What waits for the client, which reads nothing until then."""
        self._client = client
        self._enter = enter
        self._timer: asyncio.TimerHandle | None = None
        self._channels: set[bytes] = set()

    def answer(self, args: list[bytes]) -> bytes:
        """Return the answer to a request, encoded; nothing if it comes later."""
        name = args[0].upper()
        try:
            if self.namespace is None:
                return encode(self._greet(name, args[1:]))
            own = _OWN.get(name)
            if self._channels and name not in LISTENING:
                return encode(ReplyError(_LISTENING_ONLY))
            if own is not None:
                _arity(args, own[1], own[2])
                return own[0](self, args[1:])
            return encode(_run(self.namespace, name, args))
        except ReplyError as error:
            return encode(error)

    def close(self) -> None:
        """Leave the namespace: wait and listen no longer."""
        self._wait_no_more()
        if self.namespace is not None:
            for channel in self._channels:
                self.namespace.unsubscribe(channel, self._client.send)
        self._channels.clear()

    def _greet(self, name: bytes, args: list[bytes]) -> Reply:
        """Answer a client without a token."""
        if name == b"HELLO":
            reply = _hello(args, authenticate=self._authenticate)
            if self.namespace is None:
                raise NO_TOKEN
            return reply
        if name == b"AUTH":
            _arity([name, *args], 1, 2)
            self._authenticate(args[-1])
            return "OK"
        self.closing = name == b"QUIT"
        if self.closing:
            return "OK"
        raise NO_TOKEN

    def _authenticate(self, token: bytes) -> None:
        """Enter the namespace of a token. The client of a wrong one is left."""
        namespace = self._enter(token.decode("latin-1"))
        if namespace is None or self.namespace not in (None, namespace):
            self.closing = True
            raise WRONG_TOKEN
        if self.namespace is None and not namespace.connections.take(1):
            self.closing = True
            raise TOO_MANY
        self.namespace = namespace

    def auth(self, args: list[bytes]) -> bytes:
        """AUTH [name] token, once more."""
        self._authenticate(args[-1])
        return encode("OK")

    def hello(self, args: list[bytes]) -> bytes:
        """HELLO [2 [AUTH name token] [SETNAME name]]."""
        return encode(_hello(args, authenticate=self._authenticate))

    def ping(self, args: list[bytes]) -> bytes:
        """PING [text]."""
        if self._channels:
            return encode([b"pong", args[0] if args else b""])
        return encode(args[0] if args else "PONG")

    def echo(self, args: list[bytes]) -> bytes:
        """ECHO text."""
        return encode(args[0])

    def select(self, args: list[bytes]) -> bytes:
        """SELECT 0: there is one database."""
        if args[0] != b"0":
            raise ReplyError("ERR DB index is out of range")
        return encode("OK")

    def quit(self, args: list[bytes]) -> bytes:
        """QUIT."""
        del args
        self.closing = True
        return encode("OK")

    def client(self, args: list[bytes]) -> bytes:
        """CLIENT SETNAME | SETINFO: what libraries say of themselves."""
        if args[0].upper() not in (b"SETNAME", b"SETINFO"):
            raise ReplyError("ERR unknown subcommand of 'client'")
        return encode("OK")

    def command(self, args: list[bytes]) -> bytes:
        """COMMAND: what redis-cli asks for its help."""
        del args
        return encode([])

    def publish(self, args: list[bytes]) -> bytes:
        """PUBLISH channel message."""
        namespace = self._inside()
        if len(args[1]) > namespace.limits.value:
            raise ReplyError(f"ERR a message has at most {namespace.limits.value} bytes")
        return encode(namespace.publish(args[0], encode([b"message", *args])))

    def subscribe(self, args: list[bytes]) -> bytes:
        """SUBSCRIBE channel [channel …]."""
        namespace = self._inside()
        limits = namespace.limits
        if len(self._channels | set(args)) > limits.channels:
            raise ReplyError(f"ERR a connection listens to at most {limits.channels} channels")
        if any(not 0 < len(channel) <= limits.key for channel in args):
            raise ReplyError(f"ERR a channel has 1 to {limits.key} bytes")
        told = b""
        for channel in args:
            namespace.subscribe(channel, self._client.send)
            self._channels.add(channel)
            told += encode([b"subscribe", channel, len(self._channels)])
        return told

    def unsubscribe(self, args: list[bytes]) -> bytes:
        """UNSUBSCRIBE [channel …], from all without one."""
        told = b""
        for channel in args or sorted(self._channels):
            self._inside().unsubscribe(channel, self._client.send)
            self._channels.discard(channel)
            told += encode([b"unsubscribe", channel, len(self._channels)])
        return told or encode([b"unsubscribe", None, 0])

    def blpop(self, args: list[bytes]) -> bytes:
        """BLPOP key [key …] seconds."""
        return self._pop(args, left=True)

    def brpop(self, args: list[bytes]) -> bytes:
        """BRPOP key [key …] seconds."""
        return self._pop(args, left=False)

    def _pop(self, args: list[bytes], *, left: bool) -> bytes:
        *keys, last = args
        seconds = _seconds(last)
        namespace = self._inside()
        for key in keys:
            item = namespace.store.pop(key, left=left)
            if item is not None:
                return encode([key, item])
        if any(not 0 < len(key) <= namespace.limits.key for key in keys):
            raise ReplyError(f"ERR a key has 1 to {namespace.limits.key} bytes")
        self.waiter = Waiter(keys, self._deliver, self._client.alive, left=left)
        namespace.waiters.add(self.waiter)
        if seconds:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self._deliver_nothing)
        return b""

    def _deliver(self, key: bytes, item: bytes) -> None:
        self._wait_no_more()
        self._client.send(encode([key, item]))
        self._client.go_on()

    def _deliver_nothing(self) -> None:
        self._wait_no_more()
        self._client.send(encode(NO_ARRAY))
        self._client.go_on()

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.waiter is not None:
            self._inside().waiters.remove(self.waiter)
            self.waiter = None

    def _inside(self) -> Namespace:
        if self.namespace is None:
            raise NO_TOKEN
        return self.namespace


def _run(namespace: Namespace, name: bytes, args: list[bytes]) -> Reply:
    command = COMMANDS.get(name)
    if command is None:
        raise ReplyError(f"ERR unknown command '{_shown(args[0])}'")
    _arity(args, command.least, command.most)
    reply = command.run(namespace, args[1:])
    if isinstance(reply, list) and (size := _size(reply)) > namespace.limits.reply:
        raise ReplyError(
            f"ERR {size} bytes are too many; a reply has at most {namespace.limits.reply}"
        )
    return reply


def _size(reply: list[Reply]) -> int:
    return sum(len(item) for item in reply if isinstance(item, bytes))


def _arity(args: list[bytes], least: int, most: int | None) -> None:
    if not least <= len(args) - 1 <= (len(args) if most is None else most):
        raise ReplyError(f"ERR wrong number of arguments for '{_shown(args[0]).lower()}' command")


def _hello(args: list[bytes], *, authenticate: Callable[[bytes], None]) -> Reply:
    if args and args[0] != b"2":
        raise ReplyError("NOPROTO unsupported protocol version")
    rest = args[1:]
    while rest:
        word = rest[0].upper()
        if word == b"AUTH" and len(rest) > 2:  # noqa: PLR2004
            authenticate(rest[2])
            rest = rest[3:]
        elif word == b"SETNAME" and len(rest) > 1:
            rest = rest[2:]
        else:
            raise ReplyError("ERR syntax error")
    return [b"server", b"snake", b"proto", 2, b"mode", b"standalone", b"role", b"master"]


def _seconds(text: bytes) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise ReplyError("ERR timeout is not a float or out of range") from None
    if seconds < 0:
        raise ReplyError("ERR timeout is negative")
    if not seconds <= LONGEST_WAIT or b"_" in text:
        raise ReplyError("ERR timeout is not a float or out of range")
    return seconds


def _shown(word: bytes) -> str:
    return word[:64].decode("ascii", "backslashreplace")


_OWN: dict[bytes, tuple[Callable[[Talk, list[bytes]], bytes], int, int | None]] = {
    b"AUTH": (Talk.auth, 1, 2),
    b"HELLO": (Talk.hello, 0, None),
    b"PING": (Talk.ping, 0, 1),
    b"ECHO": (Talk.echo, 1, 1),
    b"SELECT": (Talk.select, 1, 1),
    b"QUIT": (Talk.quit, 0, 0),
    b"CLIENT": (Talk.client, 1, None),
    b"COMMAND": (Talk.command, 0, None),
    b"PUBLISH": (Talk.publish, 2, 2),
    b"SUBSCRIBE": (Talk.subscribe, 1, None),
    b"UNSUBSCRIBE": (Talk.unsubscribe, 0, None),
    b"BLPOP": (Talk.blpop, 2, None),
    b"BRPOP": (Talk.brpop, 2, None),
}
"""What is about the connection, and how many arguments each takes."""
