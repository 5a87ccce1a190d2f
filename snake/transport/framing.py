"""The head of a response: what the app said, checked, and what the transport adds.

An app's mistake must not become a client's second response. So a name must be a token, no
value may hold CR, LF or NUL (RFC 9110 §5.5), a length must be one number, and a coding can
only be `chunked`, which the transport does itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from snake.transport.asgi import AppError, Message
from snake.transport.names import ResponseNames

_NO_CONTENT = 204
NEVER_WITH_STATUS = {
    204: frozenset({b"content-length"}),
    304: frozenset({b"content-length", b"content-type"}),
}
"""Statuses that never have a body, and what they say nothing of (RFC 9110 §8.6; 304 as Go)."""
LOWEST_STATUS = 200
"""Interim statuses are the transport's own affair: an app cannot switch protocols by itself."""
HIGHEST_STATUS = 999
LONGEST_LENGTH = 18
"""Digits of a Content-Length that fits everywhere."""

_LAST_CHUNK = b"0\r\n\r\n"

INTERNAL_ERROR = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
"""The response of an app that failed before it made one."""

ASKED = frozenset({"server_header", "sniff", "chunked", "trailers"})
"""Keys of a start message by which more is asked for than ASGI has."""
_NAMES = ResponseNames()
_MOST_LINES = 512
_LONGEST_KEPT = 256
_MOST_LENGTHS = 4096
_LONGEST_KEPT_LENGTH = 4
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode()
    for status in range(LOWEST_STATUS, HIGHEST_STATUS + 1)
}


CLOSE = 1
"""The app asked to close the connection."""
DATED = 2
"""The app gave a Date."""
NAMED = 4
"""The app gave a Server, or wants none."""
BODILESS = 8
"""The status has no body: 204 and 304."""
CHUNKED = 16
"""The app wants its body in chunks, though it be whole."""
SNIFFED = 32
"""The body's first bytes say what it is."""
TRAILERS = 64
"""Fields come after the body, if it comes in chunks."""


class _Lines(dict[tuple[bytes, bytes], bytes]):
    """From a field to its line: most fields of an app are the same in every response.

    Raises `KeyError` for the fields of `names.FRAMING`.
    """

    def __missing__(self, field: tuple[bytes, bytes]) -> bytes:
        name, value = field
        start = _NAMES[name]
        if not start:
            raise KeyError(name)
        line = _line(start, value)
        if len(line) <= _LONGEST_KEPT:
            if len(self) >= _MOST_LINES:
                self.clear()
            self[field] = line
        return line


class _Lengths(dict[bytes, tuple[int, bytes]]):
    """From the value of a Content-Length to the number and the line."""

    def __missing__(self, value: bytes) -> tuple[int, bytes]:
        if not value.isdigit() or len(value) > LONGEST_LENGTH:
            raise AppError(f"{value!r} is no Content-Length")
        entry = int(value), LENGTH_LINES[int(value)]
        if entry[0] < _MOST_LENGTHS and len(value) <= _LONGEST_KEPT_LENGTH:
            self[value] = entry
        return entry


class _LengthLines(dict[int, bytes]):
    """From a length to the line of its Content-Length."""

    def __missing__(self, length: int) -> bytes:
        line = b"Content-Length: %d\r\n" % length
        if length < _MOST_LENGTHS:
            self[length] = line
        return line


LENGTH_LINES = _LengthLines()
_LINES = _Lines()
_LENGTHS = _Lengths()


def response_head(message: Message) -> tuple[bytes, int | None, int]:
    """Read an `http.response.start`: status line and fields, Content-Length if given, and flags.

    The fields that only the body decides are not in it yet. Raises `AppError`, `TypeError` or
    `ValueError`.
    """
    status = message["status"]
    line = _STATUS_LINES.get(status)
    if line is None:
        raise AppError(f"{status!r} is no status of a response")
    length: int | None = None
    last = b""
    rest: list[tuple[bytes, bytes]] | None = None
    headers = message.get("headers") or ()
    if status in NEVER_WITH_STATUS:
        headers = [field for field in headers if field[0].lower() not in NEVER_WITH_STATUS[status]]
    for field in headers:
        name, value = field
        if name == b"content-length" and length is None:
            length, last = _LENGTHS[value]
            continue
        try:
            line += _LINES[field]
        except TypeError:  # a list, as some apps have it
            line += _LINES[name, value]
        except KeyError:
            if rest is None:
                rest = []
            rest.append((name, value))
    flags = BODILESS if status in NEVER_WITH_STATUS else 0
    if rest is not None:
        length, more, extra = _framing(rest, length)
        last += extra
        flags |= more
    if not ASKED.isdisjoint(message):
        flags |= asked(message, headers, can_trail=length is None and not flags & BODILESS)
    return line + last, length, flags


def interim_head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return an interim response; fields that speak of the connection are left out."""
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (
        status,
        _PHRASES.get(status, "").encode(),
        trailer_lines(headers),
    )


def switching_head(message: Message) -> bytes:
    """Return the head of a 101 but for its end. Raises `AppError` or `ValueError`."""
    lines = trailer_lines(message.get("headers") or ())
    upgrade = _line(b"Upgrade: ", message["upgrade"])
    return b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n" + upgrade + lines


def trailer_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the lines of fields that do not say how the message ends."""
    return b"".join(
        _line(start, value)
        for name, value in headers
        if (start := _NAMES[name]) and name.lower() != b"upgrade"
    )


def asked(message: Message, headers: Iterable[tuple[bytes, bytes]], *, can_trail: bool) -> int:
    """Return the flags of what a start message asks for beyond ASGI."""
    flags = 0
    if message.get("server_header") is False:
        flags |= NAMED
    if message.get("chunked"):
        flags |= CHUNKED
    if message.get("trailers") and can_trail:
        flags |= TRAILERS
    if message.get("sniff") and not any(
        name == b"content-type" or (name == b"content-encoding" and value)
        for name, value in headers
    ):
        flags |= SNIFFED
    return flags


def _framing(
    fields: list[tuple[bytes, bytes]], length: int | None
) -> tuple[int | None, int, bytes]:
    """Read the fields of `names.FRAMING`: the length, flags, and the lines to send."""
    flags = 0
    chunked = False
    lines = b""
    for name, value in fields:
        match name.lower():
            case b"content-length":
                if length is not None:
                    raise AppError("two Content-Lengths")
                length, line = _LENGTHS[value]
                lines += line
            case b"transfer-encoding":
                if chunked or value.strip().lower() != b"chunked":
                    raise AppError("a response cannot choose its transfer coding")
                chunked = True
            case b"connection":
                flags |= CLOSE if b"close" in value.lower() else 0
            case b"date":
                flags |= DATED
                lines += _line(b"Date: ", value)
            case b"server":
                flags |= NAMED
                lines += _line(b"Server: ", value)
    if chunked and length is not None:
        raise AppError("a response has both Content-Length and Transfer-Encoding")
    return length, flags, lines


def check_value(value: bytes) -> None:
    """Refuse a value that would make two fields of one. Raises `AppError`."""
    if b"\r" in value or b"\n" in value or b"\0" in value:
        raise AppError("a response header holds CR, LF or NUL")


def _line(start: bytes, value: bytes) -> bytes:
    """Return a field's line. Raises `AppError`."""
    check_value(value)
    return start + value + b"\r\n"


def chunk(data: bytes, more: bool) -> bytes:  # noqa: FBT001
    """Frame a part of a body; the last one with the end of the body (RFC 9112 §7.1)."""
    framed = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
    return framed if more else framed + _LAST_CHUNK
