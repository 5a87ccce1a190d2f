"""ResponseHead: the head of a response over HTTP/3, and how much of its body is to come."""

from __future__ import annotations

from collections.abc import Callable

from snake.transport.asgi import AppError, Message
from snake.transport.fields import Field, response_fields
from snake.transport.framing import BODILESS, CHUNKED, DATED, NAMED, SNIFFED
from snake.transport.sniff import sniff

Stamp = Callable[[int], list[Field]]
"""Returns the fields that the transport adds to a head, by what it has already."""


class ResponseHead:
    """The head of one response."""

    __slots__ = ("_fields", "_left", "flags", "length")

    def __init__(self, message: Message, stamp: Stamp) -> None:
        """Check a start message. Raises `AppError`, `TypeError` or `ValueError`."""
        fields, self.length, self.flags = response_fields(message)
        added = stamp(self.flags & (DATED | NAMED))
        self._fields = [(b":status", b"%d" % message["status"]), *fields, *added]
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
        self._left = left = self._left - size
        if left < 0 or (left and not more):
            how = f"{-left} bytes more than" if left < 0 else f"{left} bytes less than"
            raise AppError(f"the body has {how} its Content-Length says")

    def fields(self, data: bytes, *, more: bool, head_only: bool) -> list[Field]:
        """Return the fields to send with the first part of the body."""
        if self.flags & BODILESS:
            return self._fields
        is_known = more or self.length is not None or self.flags & CHUNKED
        if not is_known and (data or not head_only):
            self._fields.append((b"content-length", b"%d" % len(data)))
        if self.flags & SNIFFED and data and not head_only:
            self._fields.append((b"content-type", sniff(data)))
        return self._fields
