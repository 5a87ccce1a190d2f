"""The head of a request over HTTP/3, as it is on the wire (RFC 9114 §4.3.1).

pylsqpack decodes fields, and checks none of them. What is no head at all is refused here; what
remains is read as over HTTP/2 (`multiplexed.py`).
"""

from __future__ import annotations

import re

from snake.transport.fields import CONNECTION_FIELDS
from snake.transport.multiplexed import Head, MalformedError
from snake.transport.quic.http3 import Fields
from snake.transport.refusal import RefusedError
from snake.transport.target import quote_path

_PSEUDO = frozenset({b":method", b":scheme", b":authority", b":path", b":protocol"})
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
"""A token in lower case (RFC 9114 §4.2)."""
_BAD_VALUE = re.compile(rb"[\0\r\n]|\A[ \t]|[ \t]\Z")
_LONGEST_LENGTH = 18
"""Digits of a Content-Length that fits everywhere."""


def read_head(fields: Fields) -> tuple[Head, int | None]:
    """Return a head, and how long its body is, if the client has said so.

    Raises `MalformedError`, or `RefusedError` for what gets an answer.
    """
    pseudo: dict[bytes, bytes] = {}
    regular: Fields = []
    length: int | None = None
    for name, value in fields:
        if _BAD_VALUE.search(value):
            raise MalformedError("a value that holds CR, LF or NUL, or begins with space")
        if name[:1] == b":":
            if name not in _PSEUDO or name in pseudo or regular:
                raise MalformedError(f"{name!r} twice, late or unknown")
            pseudo[name] = value
            continue
        if not _NAME.fullmatch(name) or name in CONNECTION_FIELDS:
            raise MalformedError(f"{name!r} is no name of a field")
        if name == b"content-length":
            length = _length(value)
        regular.append((name, value))
    _check_connect(pseudo)
    path = pseudo.get(b":path")
    head = Head(
        "3",
        _text(pseudo.get(b":method")),
        _text(pseudo.get(b":scheme")),
        _text(pseudo.get(b":authority")),
        _text(quote_path(path)) if path else None,
        regular,
    )
    return head, length


def _check_connect(pseudo: dict[bytes, bytes]) -> None:
    """Refuse what only looks like an extended CONNECT (RFC 8441 §4), or is for no WebSocket."""
    is_connect = pseudo.get(b":method") == b"CONNECT"
    is_extended = b":protocol" in pseudo
    if is_extended and not is_connect:
        raise MalformedError("a protocol without CONNECT")
    if is_connect and is_extended != (b":path" in pseudo or b":scheme" in pseudo):
        raise MalformedError("half an extended CONNECT")
    if is_extended and pseudo[b":protocol"] != b"websocket":
        raise RefusedError(501)


def read_trailers(fields: Fields) -> Fields:
    """Return the fields after a body. Raises `MalformedError`."""
    for name, value in fields:
        if not _NAME.fullmatch(name) or _BAD_VALUE.search(value):
            raise MalformedError(f"{name!r} is no field")
    return fields


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _length(value: bytes) -> int:
    if not value.isdigit() or len(value) > _LONGEST_LENGTH:
        raise MalformedError("a length that is no number")
    return int(value)
