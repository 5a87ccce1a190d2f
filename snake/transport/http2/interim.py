"""Interim responses (RFC 9110 §15.2) over HTTP/2, which the engine has no words for.

Their fields are written as HPACK's literals without indexing (RFC 7541 §6.2.2), which leave both
header tables as they are. So these frames can stand between any two of the engine's.
"""

from __future__ import annotations

from collections.abc import Iterable

from snake.transport.http2.engine import SLICE, frame

_HEADERS, _END_HEADERS = 1, 4
_STATUS = b"\x08"
"""A literal whose name is `:status`."""
_PREFIX = 127


def interim_frame(stream: int, status: int, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a HEADERS frame, or nothing if it would be too long."""
    block = _STATUS + _string(b"%d" % status)
    block += b"".join(b"\0" + _string(name) + _string(value) for name, value in fields)
    return frame(_HEADERS, stream, block, _END_HEADERS) if len(block) <= SLICE else b""


def _string(value: bytes) -> bytes:
    """Return a string literal without Huffman coding (RFC 7541 §5.1, §5.2)."""
    size = len(value)
    if size < _PREFIX:
        return bytes((size,)) + value
    size -= _PREFIX
    length = bytearray((_PREFIX,))
    while size > _PREFIX:
        length.append(0x80 | size & 0x7F)
        size >>= 7
    length.append(size)
    return bytes(length) + value
