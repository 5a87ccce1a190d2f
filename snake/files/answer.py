"""The answer for an open file: preconditions, ranges, and then its bytes.

Source: Go's `http.ServeContent`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from snake.files.content import Content, Piece, multipart
from snake.files.preconditions import Outcome, evaluate, range_wanted
from snake.files.ranges import Range, RangeError, parse_ranges
from snake.http.handler import Message, Send
from snake.http.request import Request
from snake.http.response import Header, drop_early, respond

_NOT_WITH_304 = frozenset({b"content-type", b"content-length", b"content-encoding"})
_NOT_WITH_416 = frozenset(
    {
        b"cache-control",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"etag",
        b"last-modified",
    }
)


class Answer(msgspec.Struct):
    """One answer to one request."""

    request: Request
    content: Content
    fields: list[Header]
    """The headers that describe the file."""
    etag: str
    modified: int | None
    status: int | None
    """Replaces whatever status comes out; `None` leaves it."""

    async def send(self, send: Send) -> None:
        """Send the file as the request's conditions and ranges ask."""
        outcome = evaluate(self.request, self.etag, self.modified)
        if outcome is Outcome.FAILED:
            await respond(send, self.status or 412, self.fields)
        elif outcome is Outcome.NOT_MODIFIED:
            self._drop(_NOT_WITH_304 | ({b"last-modified"} if self.etag else set()))
            await respond(send, self.status or 304, self.fields)
        else:
            await self._send_content(send)

    async def _send_content(self, send: Send) -> None:
        wanted = range_wanted(self.request, self.etag, self.modified)
        size = self.content.size
        try:
            ranges = parse_ranges(wanted, size) if wanted else []
        except RangeError as error:
            await self._refuse(send, error)
            return
        if ranges:
            await self._send_ranges(send, ranges)
        elif self.request.method == "HEAD":
            await self.content.send_pieces(send, self._start(200, size), [])
        else:
            await self.content.send_whole(self.request, send, self._start(200, size))

    async def _send_ranges(self, send: Send, ranges: Sequence[Range]) -> None:
        size = self.content.size
        if len(ranges) == 1:
            [part] = ranges
            self._replace(b"content-range", part.content_range(size))
            pieces: list[Piece] = [part]
        else:
            mime, pieces = multipart(ranges, dict(self.fields).get(b"content-type", b""), size)
            self._replace(b"content-type", mime)
        length = sum(p.length if isinstance(p, Range) else len(p) for p in pieces)
        start = self._start(206, length)
        if self.request.method == "HEAD":
            await self.content.send_pieces(send, start, [])
        elif len(ranges) == 1:
            await self.content.send_part(self.request, send, start, ranges[0])
        else:
            await self.content.send_pieces(send, start, pieces)

    async def _refuse(self, send: Send, error: RangeError) -> None:
        """Answer 416; the body says why, and what described the file is not sent."""
        self._drop(_NOT_WITH_416)
        self._replace(b"content-type", b"text/plain; charset=utf-8")
        self._replace(b"x-content-type-options", b"nosniff")
        if error.beyond:
            self._replace(b"content-range", b"bytes */%d" % self.content.size)
        await respond(send, self.status or 416, self.fields, f"{error}\n".encode())

    def _start(self, status: int, length: int) -> Message:
        self._replace(b"accept-ranges", b"bytes")
        self._replace(b"content-length", b"%d" % length)
        return {
            "type": "http.response.start",
            "status": self.status or status,
            "headers": self.fields,
        }

    def _drop(self, names: frozenset[bytes]) -> None:
        drop_early(self.request, names)
        self.fields = [field for field in self.fields if field[0] not in names]

    def _replace(self, name: bytes, value: bytes) -> None:
        if self.request.early or name == b"content-type":
            self._drop(frozenset((name,)))
        self.fields.append((name, value))
