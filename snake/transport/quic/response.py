"""ResponseHead: the head of a response over HTTP/3, from what an app said and the transport adds.

It is checked as that of HTTP/1.1 is: `framing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from snake.transport.asgi import AppError, Message
from snake.transport.framing import BODILESS, DATED, NAMED, SNIFFED, response_head, trailer_lines
from snake.transport.names import FRAMING
from snake.transport.sniff import sniff

_CONNECTION_FIELDS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
"""Fields that speak of a connection, which HTTP/3 has no words for (RFC 9114 §4.2)."""
_NO_BODY = {204: {b"content-length"}, 304: {b"content-length", b"content-type"}}
"""What responses without a body say nothing of, as over HTTP/1.1 (`framing.py`)."""

Field = tuple[bytes, bytes]


class Stamp(Protocol):
    """What the transport adds to a head that has not got it."""

    def __call__(self, *, dated: bool, named: bool) -> list[Field]:
        """Return the fields."""
        ...


class ResponseHead:
    """The head of one response, and how much of its body is to come."""

    def __init__(self, message: Message, stamp: Stamp) -> None:
        """Check a start message. Raises `AppError`, `TypeError` or `ValueError`."""
        _, self.length, self.flags = response_head(message)
        status: int = message["status"]
        dropped = _CONNECTION_FIELDS | _NO_BODY.get(status, set())
        self._fields: list[Field] = [
            (b":status", b"%d" % status),
            *(
                (lower, bytes(value))
                for name, value in message.get("headers") or ()
                if (lower := name.lower()) not in dropped
            ),
            *stamp(dated=bool(self.flags & DATED), named=bool(self.flags & NAMED)),
        ]
        self._left = self.length

    def set_length(self, length: int) -> None:
        """Say how long the body is."""
        self.length = self._left = length
        if not self.flags & BODILESS:
            self._fields.append((b"content-length", b"%d" % length))

    def count(self, size: int, *, more: bool) -> None:
        """Count a part of the body. Raises `AppError` when it cannot be as long as was said."""
        if self._left is None:
            return
        self._left -= size
        if self._left < 0 or (self._left and not more):
            left = self._left
            how = f"{-left} bytes more than" if left < 0 else f"{left} bytes less than"
            raise AppError(f"the body has {how} its Content-Length says")

    def fields(self, data: bytes, *, more: bool, head_only: bool) -> list[Field]:
        """Return the fields to send with the first part of the body."""
        if not self.flags & BODILESS:
            if self.length is None and not more and (data or not head_only):
                self._fields.append((b"content-length", b"%d" % len(data)))
            if self.flags & SNIFFED and data and not head_only:
                self._fields.append((b"content-type", sniff(data)))
        return self._fields


def fields_of(headers: Iterable[Field]) -> list[Field]:
    """Return fields that an app gave besides a head. Raises `AppError` or `ValueError`."""
    given = list(headers)
    trailer_lines(given)  # checks them
    return [
        (lower, value)
        for name, value in given
        if (lower := name.lower()) not in _CONNECTION_FIELDS | FRAMING
    ]
