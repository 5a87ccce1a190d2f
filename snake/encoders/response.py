"""EncodedResponse: a response on its way out, encoded if it qualifies.

The start message waits until the first piece of the body shows whether there is
enough to encode, and is then rewritten: no length of the bare body, no ranges, an
entity tag of its own (RFC 9110 section 8.8.3.3). A body that is there as a whole
is encoded at once and has a length; any other is flushed piece by piece, so that
what an app sends arrives when it sends it.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from snake.core.thread import in_thread
from snake.encoders.contract import Encoder, Stream
from snake.http.errors import AbortError
from snake.http.handler import Message, Send
from snake.http.request import Request
from snake.http.response import Header, declared_length, drop_early
from snake.http.response_matcher import ResponseMatch

WHOLE_FILE = 1_048_576
"""A file up to this long is encoded as a whole, and so has a Content-Length."""

CHUNK = 262_144
"""Bytes of a longer file that are encoded at a time."""

PATHSEND = "http.response.pathsend"


class EncodedResponse:
    """The `send` of one response; nothing of it is shared."""

    __slots__ = (
        "_encoder",
        "_matches",
        "_minimum",
        "_next",
        "_request",
        "_send",
        "_start",
        "_stream",
    )

    def __init__(
        self, request: Request, send: Send, encoder: Encoder, minimum: int, matches: ResponseMatch
    ) -> None:
        self._request = request
        self._send = send
        self._encoder = encoder
        self._minimum = minimum
        self._matches = matches
        self._start: Message = {}
        self._stream: Stream | None = None
        self._next: Callable[[Message], Awaitable[None]] = self._begin

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send one message."""
        return self._next(message)

    # The steps of a response, each the `_next` of the one before ------------------

    async def _begin(self, message: Message) -> None:
        """Take the start message, and keep it if the response may be encoded."""
        if message["type"] != "http.response.start":
            await self._send(message)
            return
        headers: list[Header] = list(message.get("headers") or ())
        message["headers"] = headers
        early = self._request.early
        fields = [*early, *headers] if early else headers
        status = message["status"]
        if status == 304 and not _varies(fields):  # noqa: PLR2004
            headers.append((b"vary", b"Accept-Encoding"))
        found = dict(fields)
        if not (_may_encode(status, found, self._minimum) and self._matches(status, fields)):
            self._next = self._send
            await self._send(message)
            return
        self._start = message
        if _is_event_stream(found.get(b"content-type", b"")):
            # The first event may be long in coming; the client waits for the headers.
            await self._open_stream()
        else:
            self._next = self._first

    async def _first(self, message: Message) -> None:
        """Take the first piece of the body, and decide."""
        kind = message["type"]
        body, more = message.get("body", b""), message.get("more_body", False)
        if kind == "http.response.body" and more and not body:
            return
        size = max(declared_length(self._start["headers"]), len(body))
        if kind not in ("http.response.body", PATHSEND) or size <= self._minimum:
            self._next = self._send
            await self._send(self._start)
            await self._send(message)
        elif kind == PATHSEND:
            await self._send_file(message, size)
        elif more:
            await self._open_stream()
            await self._following(message)
        else:
            await self._send_whole(await self._apart(self._encoder.whole, body) if body else b"")

    async def _following(self, message: Message) -> None:
        """Encode one more piece."""
        stream = self._stream
        if stream is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        encoded = b""
        if body:
            encoded = await self._apart(lambda data: stream.write(data, flush=more), body)
        if not more:
            encoded += stream.end()
        await self._send({"type": "http.response.body", "body": encoded, "more_body": more})

    # What they do ------------------------------------------------------------------

    async def _open_stream(self) -> None:
        self._stream = self._encoder.stream()
        self._next = self._following
        await self._send(self._encoded_start())

    async def _send_whole(self, body: bytes) -> None:
        """Send a whole encoded body; an empty one answers HEAD, which does not tell the length."""
        start = self._encoded_start()
        if body:
            start["headers"].append((b"content-length", b"%d" % len(body)))
        self._next = self._send
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    async def _send_file(self, message: Message, size: int) -> None:
        fd, offset = message.get("fd"), message.get("offset", 0)
        if fd is not None:
            await self._send_open_file(fd, offset, offset + size)
            return
        with await in_thread(Path(message["path"]).open, "rb") as file:
            await self._send_open_file(file.fileno(), offset, offset + size)

    async def _send_open_file(self, fd: int, at: int, end: int) -> None:
        if end - at <= WHOLE_FILE:
            await self._send_whole(await in_thread(self._read_whole, fd, at, end))
            return
        await self._open_stream()
        while at < end:
            part, at = await in_thread(self._read_part, fd, at, end)
            await self._send({"type": "http.response.body", "body": part, "more_body": True})
        await self._following({"type": "http.response.body"})

    def _read_whole(self, fd: int, at: int, end: int) -> bytes:
        return self._encoder.whole(os.pread(fd, end - at, at))

    def _read_part(self, fd: int, at: int, end: int) -> tuple[bytes, int]:
        """Return some encoded bytes of a file from `at` on, and how far it has been read.

        The response of a file that has become shorter cannot end well.
        """
        stream = self._stream
        encoded = b""
        while stream is not None and not encoded and at < end:
            data = os.pread(fd, min(CHUNK, end - at), at)
            if not data:
                raise AbortError
            encoded = stream.write(data, flush=False)
            at += len(data)
        return encoded, at

    async def _apart(self, encode: Callable[[bytes], bytes], data: bytes) -> bytes:
        """Encode here what is short and in a thread what is not."""
        if len(data) <= self._encoder.inline:
            return encode(data)
        return await in_thread(encode, data)

    def _encoded_start(self) -> Message:
        """Rewrite the headers, those set early included, for the encoded body."""
        coding = self._encoder.coding
        early = self._request.early
        headers = self._start["headers"]
        varies = _varies([*(early or ()), *headers])
        drop_early(self._request, _OF_THE_BARE_BODY)
        if self._request.early:
            self._request.early = [_tagged(field, coding) for field in self._request.early]
        fields = [_tagged(field, coding) for field in headers if field[0] not in _OF_THE_BARE_BODY]
        fields.append((b"content-encoding", coding.encode()))
        if not varies:
            fields.append((b"vary", b"Accept-Encoding"))
        self._start["headers"] = fields
        return self._start


_OF_THE_BARE_BODY = frozenset({b"content-length", b"accept-ranges"})


def _may_encode(status: int, fields: Mapping[bytes, bytes], minimum: int) -> bool:
    """Whether a response is whole, long enough, not encoded already, and not to be left alone."""
    length = fields.get(b"content-length", b"")
    return not (
        status in (204, 206, 304)
        or (length.isdigit() and int(length) <= minimum)
        or fields.get(b"content-encoding")
        or b"no-transform" in fields.get(b"cache-control", b"")
    )


def _is_event_stream(mime: bytes) -> bool:
    return mime.partition(b";")[0].strip().lower() == b"text/event-stream"


def _varies(fields: Sequence[Header]) -> bool:
    return any(
        name == b"vary"
        and any(part.strip().lower() == b"accept-encoding" for part in value.split(b","))
        for name, value in fields
    )


def _tagged(field: Header, coding: str) -> Header:
    """Return a header; a strong entity tag gets the coding's name inside its quotes."""
    name, value = field
    if name != b"etag" or value.startswith(b"W/") or not value:
        return field
    return name, value.removesuffix(b'"') + f'-{coding}"'.encode()
