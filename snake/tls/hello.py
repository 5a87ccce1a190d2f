"""Hello: what a client says before a handshake (RFC 8446 §4.1.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import unpack

from snake.core.errors import SnakeError
from snake.core.record import Record

_HANDSHAKE, _CLIENT_HELLO = 22, 1
"""The type of a record, and of the message that is in it (RFC 8446 §5.1, §4)."""
_RECORD_HEAD, _MESSAGE_HEAD, _EXTENSION_HEAD = 5, 4, 4
_MAJOR = (b"", b"\x03")
"""The first byte of a record's version, if it is there."""
_LONGEST_RECORD = 16_384
_LONGEST = 16_384
"""Bytes of the message (BoringSSL: 16 KiB; a browser's has less than 2 KiB)."""
_MOST_RECORDS = 1024
"""In which a hello may come. Each of them has at least one byte of it."""
_TLS_1_2 = 0x0303

_SERVER_NAME, _GROUPS, _SIGNATURES, _ALPN, _VERSIONS, _KEY_SHARE = 0, 10, 13, 16, 43, 51
"""Extensions (IANA, TLS ExtensionType Values)."""


class HelloError(SnakeError):
    """What a client sent first is no ClientHello."""


class Hello(Record):
    """What a ClientHello offers, as far as anything is chosen by it."""

    server_name: str = ""
    """In lower case, without a dot at the end; empty if there is none (RFC 6066 §3)."""
    alpn: tuple[str, ...] = ()
    """Application protocols, the one it likes best first (RFC 7301)."""
    versions: tuple[int, ...] = ()
    """Of the protocol, such as 0x0304."""
    cipher_suites: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    """Curves, the one it likes best first (RFC 8446 §4.2.7)."""
    key_shares: tuple[int, ...] = ()
    """The groups that it has sent a key for."""
    signature_algorithms: tuple[int, ...] = ()


class HelloReader:
    """Reads a ClientHello out of the records of a connection, as they come."""

    __slots__ = ("_at", "_data", "_message", "_records")

    def __init__(self) -> None:
        self._data = b""
        self._at = 0
        """Where the next record begins."""
        self._message = b""
        self._records = 0

    @property
    def data(self) -> bytes:
        """All that was fed."""
        return self._data

    def feed(self, data: bytes) -> Hello | None:
        """Take bytes; return the hello once all of it is there. Raises `HelloError`."""
        self._data = data = self._data + data if self._data else data
        while len(data) > self._at:
            body = self._next_record(data, self._at)
            if body is None:
                return None
            self._message += body
            size = _size(self._message)
            if size is not None and len(self._message) >= size:
                return read_client_hello(self._message[:size])
        return None

    def _next_record(self, data: bytes, at: int) -> bytes | None:
        """Return what is in the record that begins there; `None` while it is not all here."""
        if data[at] != _HANDSHAKE or data[at + 1 : at + 2] not in _MAJOR:
            raise HelloError("this does not begin as TLS does")
        start = at + _RECORD_HEAD
        if len(data) < start:
            return None
        size = int.from_bytes(data[at + 3 : start])
        if not 0 < size <= _LONGEST_RECORD or self._records == _MOST_RECORDS:
            raise HelloError("a record is empty or too long, or there are too many")
        if not self._message and len(data) > start:
            _check_type(data[start])
        if len(data) < start + size:
            return None
        self._records += 1
        self._at = start + size
        return data[start : self._at]


def read_client_hello(message: bytes) -> Hello:
    """Return the ClientHello in a message of the handshake, its head included; as in QUIC.

    Raises `HelloError`, also for a message that is cut short.
    """
    if len(message) < _MESSAGE_HEAD:
        raise HelloError("a ClientHello is cut short")
    _check_type(message[0])
    size = _size(message)
    if size is None or size != len(message):
        raise HelloError("a ClientHello is not as long as it says")
    try:
        return _read(_Reader(message[_MESSAGE_HEAD:]))
    except IndexError:
        raise HelloError("a ClientHello is cut short") from None


def _check_type(kind: int) -> None:
    if kind != _CLIENT_HELLO:
        raise HelloError("this is no ClientHello")


def _size(message: bytes) -> int | None:
    """Return how long a message says that it is; `None` if it has not said yet."""
    if len(message) < _MESSAGE_HEAD:
        return None
    size = int.from_bytes(message[1:_MESSAGE_HEAD])
    if size > _LONGEST:
        raise HelloError(f"a ClientHello of {size} bytes")
    return _MESSAGE_HEAD + size


class _Reader:
    """Takes bytes off the front of a structure. Raises `IndexError` past its end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        at = self._at
        if at + count > len(self._data):
            raise IndexError
        self._at = at + count
        return self._data[at : at + count]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> _Reader:
        """Take a vector with a length of so many bytes in front."""
        return _Reader(self.take(self.number(size)))

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def numbers(self) -> tuple[int, ...]:
        """Take all that is left as numbers of two bytes."""
        data = self.rest()
        if len(data) % 2:
            raise IndexError
        return unpack(f">{len(data) // 2}H", data)


def _read(reader: _Reader) -> Hello:
    version = reader.number(2)
    reader.take(32)  # random
    reader.vector(1)  # session ID
    suites = reader.vector(2).numbers()
    reader.vector(1)  # compression
    found = _read_extensions(reader.vector(2)) if reader else {}
    if reader:
        raise HelloError("a ClientHello has bytes that mean nothing")
    found.setdefault("versions", tuple(range(min(version, _TLS_1_2), 0x0300, -1)))
    return Hello(cipher_suites=suites, **found)  # type: ignore[arg-type]


def _read_extensions(reader: _Reader) -> dict[str, tuple[object, ...] | str]:
    """Return what those extensions say that matter here."""
    found = {}
    for kind, data in _extensions(reader.rest()):
        if kind in _READERS:
            name, read = _READERS[kind]
            body = _Reader(data)
            found[name] = read(body)
            if body:
                raise HelloError(f"extension {kind} has bytes that mean nothing")
    return found


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield extensions. There is one of a kind (RFC 8446 §4.2)."""
    seen = set()
    at, end = 0, len(data)
    while at < end:
        if end - at < _EXTENSION_HEAD:
            raise IndexError
        kind, size = unpack(">HH", data[at : at + _EXTENSION_HEAD])
        at += _EXTENSION_HEAD + size
        if at > end:
            raise IndexError
        if kind in seen:
            raise HelloError(f"extension {kind} comes twice")
        seen.add(kind)
        yield kind, data[at - size : at]


def _server_name(reader: _Reader) -> str:
    """Return the name of a host (RFC 6066 §3): there is at most one."""
    name = ""
    names = reader.vector(2)
    while names:
        kind = names.number(1)
        value = names.vector(2).rest()
        if kind == 0:
            if name:
                raise HelloError("there are two server names")
            name = _host(value)
    return name


def _host(value: bytes) -> str:
    if not 0 < len(value) <= 255 or not value.isascii() or b"\0" in value or value[-1:] == b".":  # noqa: PLR2004
        raise HelloError("the server name is no name of a host")
    return value.decode().strip().lower()


def _alpn(reader: _Reader) -> tuple[str, ...]:
    found = []
    protocols = reader.vector(2)
    while protocols:
        name = protocols.vector(1).rest()
        if not name:
            raise HelloError("an application protocol has no name")
        found.append(name.decode("latin-1"))
    return tuple(found)


def _key_shares(reader: _Reader) -> tuple[int, ...]:
    found = []
    shares = reader.vector(2)
    while shares:
        found.append(shares.number(2))
        shares.vector(2)
    return tuple(found)


_READERS: dict[int, tuple[str, Callable[[_Reader], tuple[object, ...] | str]]] = {
    _SERVER_NAME: ("server_name", _server_name),
    _GROUPS: ("groups", lambda reader: reader.vector(2).numbers()),
    _SIGNATURES: ("signature_algorithms", lambda reader: reader.vector(2).numbers()),
    _ALPN: ("alpn", _alpn),
    _VERSIONS: ("versions", lambda reader: reader.vector(1).numbers()),
    _KEY_SHARE: ("key_shares", _key_shares),
}
