"""Frames: what a worker and a process of a pool say to each other, over a Unix socket.

They carry ASGI: a frame is a message of it, or a part of one. So whatever an app may do in the
worker itself it may do here, and what it sends is checked where that of other apps is.
A frame is a kind (one byte), a length (four, big-endian), and so many bytes:

======  =======================================  =================================================
kind    from the worker                          from the app
======  =======================================  =================================================
`H`     a request: JSON, a line break, fields
`S`                                              a start: status, flags, fields
`I`                                              an interim response: status, flags, fields
`B`     a part of the body, more to come         likewise
`E`     the last part of the body                likewise
`R`                                              trailers: fields
`N`                                              the app waits for what the client does
`L`     the client has closed its side
`A`                                              accept a WebSocket: subprotocol, fields
`X`     a text message, in UTF-8                 likewise
`Y`     a binary message                         likewise
`C`     the WebSocket is closed: code, reason    close it
`F`                                              the app failed: JSON
`U`                                              it returned before its response was complete
`W`                                              the connection has been taken
`G`                                              it will take no further request
======  =======================================  =================================================

Fields are names and values in turn with NUL between them: neither may hold one. A connection
carries one request at a time, and the next when `E`, or `R` where it was announced, ended it.
`N` is said twice at most: when the app wants a body for which the client is to be told to go on
(`100-continue`), and when it waits for the client's end. Only the worker closes a
connection: one that ends otherwise is that of a process that died.

The worker trusts nothing that it reads: kinds that it does not know, kinds out of turn and
frames that are too long end the connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

Field = tuple[bytes, bytes]

HEAD, START, INTERIM, BODY, END = b"HSIBE"
TRAILERS, NEED, LEFT, ACCEPT, TEXT, BYTES, CLOSE, FAILED, UNFINISHED, WELCOME, GOAWAY = (
    b"RNLAXYCFUWG"
)

KINDS = frozenset(b"HSIBERNLAXYCFUWG")
PIECES = frozenset((BODY, END))
"""Kinds whose frames are passed on as they come, however long they are."""

LONGEST = 1 << 20
"""Bytes of a frame that is taken whole: a head, fields, a failure."""
LONGEST_MESSAGE = 16 << 20
"""Bytes of a message of a WebSocket."""

HAS_TRAILERS = 1
"""The flag of a start after whose body trailers come."""

_PREFIX = Struct(">BI")
_STATUS = Struct(">HBI")
_LONGEST_WAIT = (1 << 32) - 1
"""Microseconds that can be said."""
_CODE = Struct(">H")


class FrameError(Exception):
    """What came is no frame."""


Event = tuple[int, bytes, int]
"""Kind, bytes, and how many bytes of the frame are still to come: not 0 only for `PIECES`."""


class Frames:
    """Cuts what comes on a connection into frames."""

    __slots__ = ("_kind", "_left", "_need", "_rest")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._need = 0
        """Bytes of the frame that has begun, if it has to be whole."""
        self._kind = 0
        self._left = 0

    def feed(self, data: bytes) -> list[Event]:
        """Return what is complete, and all that there is of bodies. Raises `FrameError`."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        events: list[Event] = []
        at = self._go_on(data, events) if self._left else 0
        size = len(data)
        while size - at >= _PREFIX.size:
            kind, length = _PREFIX.unpack_from(data, at)
            start = at + _PREFIX.size
            end = start + length
            if kind not in KINDS:
                raise FrameError("a frame is of no known kind")
            if end <= size:
                events.append((kind, data[start:end], 0))
                at = end
            elif kind in PIECES:
                self._kind, self._left = kind, end - size
                events.append((kind, data[start:], self._left))
                return events
            else:
                _check(kind, length)
                self._need = end - at
                break
        else:
            self._need = _PREFIX.size
        if at < size:
            self._rest += data[at:]
        return events

    def _go_on(self, data: bytes, events: list[Event]) -> int:
        """Take what belongs to the body that has begun; return where it ends."""
        piece = data[: self._left]
        self._left -= len(piece)
        events.append((self._kind, piece, self._left))
        return len(piece)


def _check(kind: int, length: int) -> None:
    """Refuse a frame that would have to be kept and is too long."""
    if length > (LONGEST_MESSAGE if kind in (TEXT, BYTES) else LONGEST):
        raise FrameError(f"a frame has {length} bytes")


def frame(kind: int, data: bytes = b"") -> bytes:
    """Return a frame."""
    return _PREFIX.pack(kind, len(data)) + data


def prefix(kind: int, size: int) -> bytes:
    """Return what goes in front of so many bytes to make a frame of them."""
    return _PREFIX.pack(kind, size)


def join(fields: Iterable[Field]) -> bytes:
    """Return fields as they travel. Raises `ValueError` for one that holds NUL."""
    flat = [part for field in fields for part in field]
    data = b"\0".join(flat)
    if data.count(b"\0") != max(len(flat) - 1, 0):
        raise ValueError("a header holds NUL")
    return data


def split(data: bytes) -> list[Field]:
    """Return fields that have travelled. Raises `FrameError`."""
    if not data:
        return []
    flat = data.split(b"\0")
    if len(flat) % 2:
        raise FrameError("a field has no value")
    return list(zip(flat[::2], flat[1::2], strict=True))


def start(
    kind: int, status: int, fields: Iterable[Field], flags: int = 0, waited: float = 0.0
) -> bytes:
    """Return the frame of a start, or of an interim response.

    The request has waited for so many seconds before the app was called. Raises `ValueError`,
    and `FrameError` when it is too long.
    """
    if not 0 <= status < 1 << 16:
        raise ValueError(f"{status!r} is no status")
    data = _STATUS.pack(status, flags, min(round(waited * 1e6), _LONGEST_WAIT)) + join(fields)
    _check(kind, len(data))
    return frame(kind, data)


def read_start(data: bytes) -> tuple[int, int, list[Field]]:
    """Return status, flags and fields. Raises `FrameError`."""
    if len(data) < _STATUS.size:
        raise FrameError("a start is cut off")
    status, flags, _ = _STATUS.unpack_from(data)
    return status, flags, split(data[_STATUS.size :])


def waited(data: bytes) -> float:
    """Return for how many seconds the request of a start has waited, which was read before."""
    return int(_STATUS.unpack_from(data)[2]) / 1e6


def close(code: int, reason: str) -> bytes:
    """Return the frame that ends a WebSocket."""
    return frame(CLOSE, _CODE.pack(code) + reason.encode("utf-8", "replace"))


def read_close(data: bytes) -> tuple[int, str]:
    """Return code and reason. Raises `FrameError`."""
    if len(data) < _CODE.size:
        raise FrameError("a close is cut off")
    return _CODE.unpack_from(data)[0], data[_CODE.size :].decode("utf-8", "replace")
