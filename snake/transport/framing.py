"""The head of a response: what the app said, checked, and what the transport adds.

An app's mistake must not become a client's second response. So a name must be a token, no
value may hold CR, LF or NUL (RFC 9110 §5.5), a length must be one number, and a coding can
only be `chunked`, which the transport does itself.
"""

from __future__ import annotations

from http import HTTPStatus

from snake.transport.asgi import Message
from snake.transport.names import ResponseNames

_BODILESS = frozenset({204, 304})
_LOWEST_STATUS = 200
"""Interim statuses are the transport's own affair: an app cannot switch protocols by itself."""
_HIGHEST_STATUS = 999
_LONGEST_LENGTH = 18
"""Digits of a Content-Length that fits everywhere."""

INTERNAL_ERROR = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
"""The response of an app that failed before it made one."""

_NAMES = ResponseNames()
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode()
    for status in range(_LOWEST_STATUS, _HIGHEST_STATUS + 1)
}


class AppError(RuntimeError):
    """What the app sent is no response. Raised by `send`, into the app."""


CLOSE = 1
"""The app asked to close the connection."""
DATED = 2
"""The app gave a Date."""
NAMED = 4
"""The app gave a Server, or wants none."""
BODILESS = 8
"""The status has no body: 204 and 304."""


def response_head(message: Message) -> tuple[bytes, int | None, int]:
    """Read an `http.response.start`: status line and fields, Content-Length if given, and flags.

    What only the body decides is not in it yet. Raises `AppError`, `TypeError` or `ValueError`.
    """
    status = message["status"]
    line = _STATUS_LINES.get(status)
    if line is None:
        raise AppError(f"{status!r} is no status of a response")
    parts = [line]
    length: int | None = None
    rest: list[tuple[bytes, bytes]] = []
    for name, value in message.get("headers") or ():
        start = _NAMES[name]
        if start:
            parts += (start, value, b"\r\n")
        elif name == b"content-length" and length is None:
            length = _length(value)
        else:
            rest.append((name, value))
    lines = b"".join(parts)
    _check_lines(lines, 1 + len(parts) // 3)
    flags = 0
    if rest:
        length, flags, more = _framing(rest, length)
        lines += more
    if message.get("server_header") is False:
        flags |= NAMED
    if status in _BODILESS:
        flags |= BODILESS
    return lines, length, flags


def _check_lines(lines: bytes, count: int) -> None:
    """Refuse a block with any line end that the transport did not write."""
    if lines.count(b"\r") != count or lines.count(b"\n") != count or b"\0" in lines:
        raise AppError("a response header holds CR, LF or NUL")


def _length(value: bytes) -> int:
    if not value.isdigit() or len(value) > _LONGEST_LENGTH:
        raise AppError(f"{value!r} is no Content-Length")
    return int(value)


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
                length = _length(value)
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


def _line(start: bytes, value: bytes) -> bytes:
    line = start + value + b"\r\n"
    _check_lines(line, 1)
    return line
