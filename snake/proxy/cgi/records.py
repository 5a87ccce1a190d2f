"""Records: the bytes of FastCGI, in which one request and its response are framed.

Source: the FastCGI specification 1.0, https://fastcgi-archives.github.io/FastCGI_Specification.html
(sections by their numbers). One connection carries one request here, of ID 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct

from snake.core.errors import SnakeError

STDOUT, STDERR, END_REQUEST = 6, 7, 3
"""What a server sends of a request (§3.3)."""

COMPLETE, OVERLOADED = 0, 2
"""How a request ended (§5.5)."""

_BEGIN, _PARAMS, _STDIN = 1, 4, 5
_RESPONDER = 1
_REQUEST = 1
_NO_REQUEST = 0
"""The ID of what is about the connection itself (§3.3)."""

_HEADER = Struct(">BBHHBx")
"""Version, type, ID, lengths of content and of padding (§3.3)."""
_MOST = 65_528
"""Bytes in a record: as much as fits, and is a multiple of eight, so that nothing is padded."""
_LONG = 1 << 31
_SHORTEST_LONG = 128
_MOST_PAIRS = 2048
_LONGEST_KEPT = 256


class RecordError(SnakeError):
    """Bytes that are no FastCGI."""


def begin() -> bytes:
    """Return what begins a request, whose connection is not kept (§5.1)."""
    return _record(_BEGIN, b"\0" + bytes([_RESPONDER]) + b"\0" * 6)


class _Pairs(dict[tuple[str, bytes], bytes]):
    """From a variable to its encoding (§3.4): most variables are the same in every request."""

    def __missing__(self, variable: tuple[str, bytes]) -> bytes:
        name, value = variable[0].encode("latin-1"), variable[1]
        pair = b"%b%b%b%b" % (_size(len(name)), _size(len(value)), name, value)
        if len(pair) <= _LONGEST_KEPT:
            if len(self) >= _MOST_PAIRS:
                self.clear()
            self[variable] = pair
        return pair


_PAIRS = _Pairs()


def parameters(variables: Iterable[tuple[str, bytes]]) -> bytes:
    """Return all records of the environment (§5.2)."""
    pairs = b"".join([_PAIRS[variable] for variable in variables])
    return b"".join(_stream(_PARAMS, pairs)) + _record(_PARAMS, b"")


def body(data: bytes) -> bytes:
    """Return the records of a piece of the body; of no bytes, of its end (§5.3)."""
    if not data:
        return _record(_STDIN, b"")
    return b"".join(_stream(_STDIN, data))


def _stream(kind: int, data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), _MOST):
        yield _record(kind, data[at : at + _MOST])


def _record(kind: int, content: bytes) -> bytes:
    padding = -len(content) & 7
    return _HEADER.pack(1, kind, _REQUEST, len(content), padding) + content + b"\0" * padding


def _size(length: int) -> bytes:
    if length < _SHORTEST_LONG:
        return bytes([length])
    return (length | _LONG).to_bytes(4)


class RecordReader:
    """Takes bytes as they come, and gives the records in them."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield type and content of every record that is complete now. Raises `RecordError`."""
        waiting = self._waiting
        waiting += data
        at = 0
        while len(waiting) - at >= _HEADER.size:
            version, kind, request, length, padding = _HEADER.unpack_from(waiting, at)
            if version != 1 or request not in (_REQUEST, _NO_REQUEST):
                raise RecordError("the upstream sent what is no FastCGI")
            start = at + _HEADER.size
            end = start + length + padding
            if len(waiting) < end:
                break
            if request == _REQUEST:
                yield kind, bytes(waiting[start : start + length])
            at = end
        del waiting[:at]


def ending(content: bytes) -> int:
    """Return how a request ended, from an `END_REQUEST` (§5.5)."""
    return content[4] if len(content) > 4 else COMPLETE  # noqa: PLR2004
