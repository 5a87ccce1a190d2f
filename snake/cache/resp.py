"""RESP2, the protocol of Redis: what a client asks, what a server answers, and how both travel.

https://redis.io/docs/latest/develop/reference/protocol-spec/. A request is an array of
bulk strings. Both readers take bytes as they come, in pieces of any size, never read one twice, and
believe no length: what is longer than a limit is never held in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from snake.cache.limits import Limits

LINE: Final = 64
"""Bytes of the longest line of a request; it holds a number."""
LONGEST_REPLY: Final = 512 << 20
"""Bytes of the longest bulk string that a client takes, which is Redis's own limit."""
LONGEST_LINE: Final = 64 << 10
"""Bytes of the longest line of a reply: a status or an error."""
DEEPEST: Final = 8
"""How deep arrays may stand in a reply."""
MOST_ITEMS: Final = 1 << 20
"""Items of the longest array that a client takes."""


class ProtocolError(Exception):
    """What came is no RESP2, or more than there may be. Nothing after it can be understood."""


class ReplyError(Exception):
    """An error that a server answers: its kind (`ERR`, `WRONGTYPE`, …), a space, and why."""


class Refused(NamedTuple):
    """A request of which a part is larger than it may be, and was not kept."""

    why: str


class _Word:
    """A value of its own, that nothing else is."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


MORE: Final = _Word("MORE")
"""There is no whole message yet."""
NO_ARRAY: Final = _Word("NO_ARRAY")
"""The array that is none: what a blocking pop answers when its time is over."""
_OPEN: Final = _Word("OPEN")

Reply = None | int | bytes | str | ReplyError | _Word | list["Reply"]
"""`None` and bytes are bulk strings, a `str` is a status such as OK."""


def encode_command(args: Sequence[bytes]) -> bytes:
    """Return a request as it travels."""
    parts = [b"*%d\r\n" % len(args)]
    parts += [b"$%d\r\n%b\r\n" % (len(arg), arg) for arg in args]
    return b"".join(parts)


def encode(reply: Reply) -> bytes:
    """Return a reply as it travels."""
    if isinstance(reply, bytes):
        return b"$%d\r\n%b\r\n" % (len(reply), reply)
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if isinstance(reply, str):
        return b"+%b\r\n" % _line(reply)
    if isinstance(reply, list):
        return b"*%d\r\n%b" % (len(reply), b"".join(map(encode, reply)))
    if isinstance(reply, ReplyError):
        return b"-%b\r\n" % _line(str(reply))
    return b"*-1\r\n" if reply is NO_ARRAY else b"$-1\r\n"


def _line(text: str) -> bytes:
    return text.replace("\r", " ").replace("\n", " ").encode()


class Requests:
    """Reads requests: bytes in, lists of arguments out."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._buffer = bytearray()
        self._at = 0
        self._left = 0
        """How many arguments of the request are still to come."""
        self._args: list[bytes] = []
        self._size = 0
        self._bulk = -1
        """Bytes of the argument that is coming; -1 while its length is to come."""
        self._skip = 0
        """Bytes to come of an argument that is not kept."""
        self._refused: Refused | None = None

    @property
    def held(self) -> int:
        """How many bytes are in memory that are no whole request yet."""
        return len(self._buffer) + self._size

    @property
    def pending(self) -> bool:
        """Whether a request has begun and is not whole."""
        return bool(self._left or self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._buffer += data

    def next(self) -> list[bytes] | Refused | None:
        """Return the next request, if all of it is here. Raises `ProtocolError`."""
        while True:
            if not self._skip and self._bulk < 0:
                if not self._length():
                    return None
                continue
            if not (self._skipped() if self._skip else self._argument()):
                return None
            if self._left == 0:
                return self._whole()

    def _length(self) -> bool:
        """Read a length: of the request, or of its next argument."""
        end = self._buffer.find(b"\r\n", self._at, self._at + LINE)
        if end < 0:
            if len(self._buffer) - self._at >= LINE:
                raise ProtocolError("too big a length")
            self._forget()
            return False
        line = self._buffer[self._at : end]
        self._at = end + 2
        if self._left == 0:
            self._left = _number(line, b"*", "multibulk", self.limits.arguments)
            if self._left == 0:
                raise ProtocolError("invalid multibulk length")
            return True
        size = _number(line, b"$", "bulk", self.limits.skipped)
        if size > self.limits.value or self._size + size > self.limits.request:
            self._refuse(size)
        else:
            self._bulk = size
        return True

    def _refuse(self, size: int) -> None:
        """Go on to what follows an argument, without keeping it."""
        most = min(self.limits.value, self.limits.request)
        self._refused = Refused(f"ERR {size} bytes are too many; a value has at most {most}")
        if size <= self.limits.value:
            self._refused = Refused(f"ERR a command has at most {self.limits.request} bytes")
        self._skip = size + 2
        self._left -= 1

    def _skipped(self) -> bool:
        some = min(self._skip, len(self._buffer) - self._at)
        self._at += some
        self._skip -= some
        if self._skip:
            self._forget()
        return not self._skip

    def _argument(self) -> bool:
        end = self._at + self._bulk
        if len(self._buffer) < end + 2:
            self._forget()
            return False
        if self._buffer[end : end + 2] != b"\r\n":
            raise ProtocolError("a bulk string is longer than its length")
        self._args.append(bytes(self._buffer[self._at : end]))
        self._size += self._bulk
        self._at = end + 2
        self._bulk = -1
        self._left -= 1
        return True

    def _whole(self) -> list[bytes] | Refused:
        args, refused = self._args, self._refused
        self._args, self._refused, self._size = [], None, 0
        if self._at == len(self._buffer):
            self._forget()
        return refused or args

    def _forget(self) -> None:
        """Let go of what has been read."""
        del self._buffer[: self._at]
        self._at = 0


class Replies:
    """Reads replies: bytes in, values out. What it reads is a server's, so little is refused."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._bulk = -1
        self._stack: list[tuple[list[Reply], int]] = []
        """The arrays that are not whole, and how many items each has."""

    @property
    def pending(self) -> bool:
        """Whether anything has come that is not part of a reply that was returned."""
        return bool(self._buffer or self._stack)

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._buffer += data

    def next(self) -> Reply:
        """Return the next reply, or `MORE`. Raises `ProtocolError`."""
        while True:
            value = self._value()
            if value is MORE:
                return self._forget()
            if value is not _OPEN and (value := self._shut(value)) is not MORE:
                if self._at == len(self._buffer):
                    self._forget()
                return value

    def _shut(self, value: Reply) -> Reply:
        """Put a value where it belongs; return it, or the array that it makes whole."""
        while self._stack:
            items, count = self._stack[-1]
            items.append(value)
            if len(items) < count:
                return MORE
            value = items
            self._stack.pop()
        return value

    def _value(self) -> Reply:
        if self._bulk >= 0:
            return self._string()
        end = self._buffer.find(b"\r\n", self._at)
        if end < 0:
            if len(self._buffer) - self._at > LONGEST_LINE:
                raise ProtocolError("a line of a reply does not end")
            return MORE
        line = self._buffer[self._at : end]
        self._at = end + 2
        kind, rest = bytes(line[:1]), bytes(line[1:])
        value: Reply
        match kind:
            case b"$":
                value = self._begin_string(rest)
            case b"*":
                value = self._begin_array(rest)
            case b":":
                value = _integer(rest)
            case b"+":
                value = rest.decode("utf-8", "replace")
            case b"-":
                value = ReplyError(rest.decode("utf-8", "replace"))
            case _:
                raise ProtocolError(f"a reply begins with {kind!r}")
        return value

    def _begin_string(self, text: bytes) -> Reply:
        if text == b"-1":
            return None
        self._bulk = _number(b"$" + text, b"$", "bulk", LONGEST_REPLY)
        return self._string()

    def _begin_array(self, text: bytes) -> Reply:
        if text == b"-1":
            return None
        count = _number(b"*" + text, b"*", "multibulk", MOST_ITEMS)
        if count == 0:
            return []
        if len(self._stack) == DEEPEST:
            raise ProtocolError("arrays stand too deep in a reply")
        self._stack.append(([], count))
        return _OPEN

    def _string(self) -> Reply:
        end = self._at + self._bulk
        if len(self._buffer) < end + 2:
            return MORE
        if self._buffer[end : end + 2] != b"\r\n":
            raise ProtocolError("a bulk string is longer than its length")
        value = bytes(self._buffer[self._at : end])
        self._at = end + 2
        self._bulk = -1
        return value

    def _forget(self) -> Reply:
        del self._buffer[: self._at]
        self._at = 0
        return MORE


def _number(line: bytes | bytearray, kind: bytes, name: str, most: int) -> int:
    """Return the length in a line such as `$12`."""
    if line[:1] != kind:
        raise ProtocolError(f"expected '{kind.decode()}', got {bytes(line[:1])!r}")
    digits = line[1:]
    if not digits.isdigit() or (len(digits) > 1 and digits[:1] == b"0") or len(digits) > 18:  # noqa: PLR2004
        raise ProtocolError(f"invalid {name} length")
    if (number := int(digits)) > most:
        raise ProtocolError(f"invalid {name} length")
    return number


def _integer(text: bytes) -> int:
    try:
        return int(text)
    except ValueError:
        raise ProtocolError("a number in a reply is none") from None
