"""The head of a response over HTTP/2 and HTTP/3: what the app said, checked, as a list of fields.

The checks are those of `framing.py`. What speaks of a connection is left out: these protocols have
no words for it, and a client has to take a response that uses them for broken (RFC 9113 §8.2.2).
"""

from __future__ import annotations

from collections.abc import Iterable

from snake.transport.asgi import AppError, Message
from snake.transport.framing import (
    ASKED,
    BODILESS,
    DATED,
    HIGHEST_STATUS,
    LONGEST_LENGTH,
    LOWEST_STATUS,
    NAMED,
    NEVER_WITH_STATUS,
    asked,
    check_value,
)
from snake.transport.names import TOKEN

Field = tuple[bytes, bytes]

CONNECTION_FIELDS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
"""Fields that speak of a connection."""
_READ = CONNECTION_FIELDS | {b"content-length", b"date", b"server"}
"""Fields that are not passed on as they are."""
_MOST_KNOWN = 512
_LONGEST_KEPT = 256


class _Fields(dict[Field, Field]):
    """From a field as an app gives it to the field as it is sent.

    Raises `KeyError` for what has to be read first, and `ValueError` for what is no field.
    """

    def __missing__(self, field: Field) -> Field:
        name, value = field
        lower = checked_name(name)
        if lower in _READ:
            raise KeyError(name)
        check_value(value)
        checked = lower, value
        if len(name) + len(value) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KNOWN:
                self.clear()
            self[field] = checked
        return checked


_KNOWN = _Fields()


def checked_name(name: bytes) -> bytes:
    """Return a field name in lower case. Raises `ValueError` for what is none."""
    if not isinstance(name, bytes) or not TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is no header name")
    return name.lower()


def checked_status(status: object) -> int:
    """Return what is the status of a response. Raises `AppError`."""
    if not isinstance(status, int) or not LOWEST_STATUS <= status <= HIGHEST_STATUS:
        raise AppError(f"{status!r} is no status of a response")
    return status


def response_fields(message: Message) -> tuple[list[Field], int | None, int]:
    """Read an `http.response.start`: its fields, Content-Length if given, and flags of `framing`.

    Raises `AppError`, `TypeError` or `ValueError`.
    """
    status = checked_status(message["status"])
    headers = message.get("headers") or ()
    flags = 0
    if status in NEVER_WITH_STATUS:
        flags = BODILESS
        never = NEVER_WITH_STATUS[status]
        headers = [field for field in headers if field[0].lower() not in never]
    fields: list[Field] = []
    length: int | None = None
    is_chunked = False
    for field in headers:
        name, value = field
        if name == b"content-length":
            length = _length(value, length)
            fields.append((name, value))
            continue
        try:
            fields.append(_KNOWN[field])
        except TypeError:  # a list, as some apps have it
            fields.append(_KNOWN[name, value])
        except KeyError:
            name = name.lower()
            if name == b"content-length":
                length = _length(value, length)
            else:
                is_chunked = is_chunked or name == b"transfer-encoding"
                flags |= _read(name, value)
            if name not in CONNECTION_FIELDS:
                check_value(value)
                fields.append((name, value))
    if is_chunked and length is not None:
        raise AppError("a response has both Content-Length and Transfer-Encoding")
    if not ASKED.isdisjoint(message):
        flags |= asked(message, headers, can_trail=not flags & BODILESS)
    return fields, length, flags


def plain_fields(headers: Iterable[Field]) -> list[Field]:
    """Return the fields of a head or a tail that is not a response's own. Raises `ValueError`."""
    fields = []
    for name, value in headers:
        lower = checked_name(name)
        check_value(value)
        if lower not in _READ:
            fields.append((lower, value))
    return fields


def _read(name: bytes, value: bytes) -> int:
    """Read a field of `_READ`, and return what flag it makes."""
    match name:
        case b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                raise AppError("a response cannot choose its transfer coding")
        case b"date":
            return DATED
        case b"server":
            return NAMED
    return 0


def _length(value: bytes, before: int | None) -> int:
    if before is not None:
        raise AppError("two Content-Lengths")
    if not value.isdigit() or len(value) > LONGEST_LENGTH:
        raise AppError(f"{value!r} is no Content-Length")
    return int(value)
