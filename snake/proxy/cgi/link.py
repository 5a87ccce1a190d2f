"""Link: one connection to a FastCGI server, for one request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from snake.proxy.cgi.records import (
    COMPLETE,
    END_REQUEST,
    STDERR,
    STDOUT,
    RecordError,
    RecordReader,
    begin,
    body,
    ending,
    parameters,
)
from snake.proxy.contract import Content, UpstreamError, UpstreamTimeoutError
from snake.transport.asgi import ClientDisconnectedError

_HIGH_WATER = 65_536
"""Bytes of a response that wait for the client, above which no more is read."""
_MOST_STDERR = 65_536


class Link(asyncio.Protocol):
    """Sends a request while its response comes in; the response waits here until it is taken."""

    def __init__(self) -> None:
        self._records = RecordReader()
        self._pieces: list[bytes] = []
        self.size = 0
        """Bytes of the response that wait."""
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._reading = True
        self._timers: list[asyncio.TimerHandle] = []
        self._sending: asyncio.Task[None] | None = None
        self.ended = False
        """Whether the response is complete."""
        self.error: Exception | None = None
        """Why nothing more will come."""
        self.stderr = bytearray()
        """What the program said there, as far as that is kept."""

    # What the loop calls ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Take records."""
        try:
            for kind, content in self._records.feed(data):
                self._take(kind, content)
        except RecordError as error:
            self.fail(UpstreamError(str(error)))
        if self.size > _HIGH_WATER and self._reading and not self.over:
            self._reading = False
            self._transport.pause_reading()
        self._news.set()

    def _take(self, kind: int, content: bytes) -> None:
        if self.over:
            return
        if kind == STDOUT:
            self._pieces.append(content)
            self.size += len(content)
        elif kind == STDERR:
            self.stderr += content[: _MOST_STDERR - len(self.stderr)]
        elif kind == END_REQUEST:
            if (how := ending(content)) == COMPLETE:
                self.ended = True
                self.close()
            else:
                self.fail(UpstreamError(f"the upstream refused the request: {how}"))

    def eof_received(self) -> bool:
        """Take the end, before which the response must have ended."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        reason = f": {exc}" if exc else ""
        self.fail(UpstreamError(f"the upstream closed the connection{reason}"))

    def pause_writing(self) -> None:
        """Let the body wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let the body go on."""
        self._writable.set()

    # Out ---------------------------------------------------------------------------

    def send(self, variables: Mapping[str, bytes], content: Content | bytes) -> None:
        """Begin the request, and send the body: at once, or as it comes."""
        head = begin() + parameters(variables.items())
        if isinstance(content, bytes):
            whole = body(content) if content else b""
            self._transport.write(head + whole + body(b""))
        else:
            self._transport.write(head)
            self._sending = asyncio.create_task(self._send_body(content))

    async def _send_body(self, content: Content) -> None:
        left = content.length or 0
        try:
            while data := await content.read():
                left -= len(data)
                await self._writable.wait()
                self._transport.write(body(data))
        except Exception as error:  # noqa: BLE001  (whoever waits for the response raises it)
            self.fail(error)
            return
        if left:
            self.fail(ClientDisconnectedError("the body is not as long as its Content-Length"))
        else:
            self._transport.write(body(b""))

    def limit(self, read: float | None, write: float | None) -> None:
        """Give up when the response is not there in `read` seconds, or the request not sent."""
        loop = asyncio.get_running_loop()
        if read is not None:
            self._timers.append(loop.call_later(read, self._late))
        if write is not None:
            self._timers.append(loop.call_later(write, self._late_sending))

    def _late(self) -> None:
        self.fail(UpstreamTimeoutError("the upstream took too long to answer"))

    def _late_sending(self) -> None:
        sending = self._sending
        if (sending and not sending.done()) or self._transport.get_write_buffer_size():
            self.fail(UpstreamTimeoutError("the upstream took too long to take the request"))

    # In ----------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.ended or self.error is not None

    def take(self) -> bytes:
        """Return what is there of the response."""
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.size = 0
        if not self._reading and not self.over:
            self._reading = True
            self._transport.resume_reading()
        return data

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises the error that ended it."""
        while not (self._pieces or self.over):
            self._news.clear()
            await self._news.wait()
        if self._pieces:
            return self.take()
        if self.error is not None:
            raise self.error
        return b""

    # The end -------------------------------------------------------------------------

    def fail(self, error: Exception) -> None:
        """End it for a reason, unless it has ended."""
        if not self.over:
            self.error = error
            self.close()
        self._news.set()

    def close(self) -> None:
        """Close the connection and stop all that goes on. May be repeated."""
        for timer in self._timers:
            timer.cancel()
        if self._sending is not None and self._sending is not asyncio.current_task():
            self._sending.cancel()
        self._transport.abort()
