"""H1Connection: HTTP/1.1 on one connection to an upstream (RFC 9112).

The laws of this file:

- One request at a time. What comes when nothing was asked, or after the end of a response, is
  no response to anything: the connection is not used again.
- A response that is whole frees its connection before its reader wakes up.
- The socket is not read while the client does not take what is here already.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable

from snake.proxy.contract import UnansweredError, UpstreamError, UpstreamTimeoutError
from snake.proxy.h1_reply import H1Reply
from snake.proxy.http_settings import HTTPSettings
from snake.proxy.pending import Pending
from snake.proxy.response_head import ResponseHead, read_head
from snake.transport.settings import Settings
from snake.transport.tunnel import Tunnel

_END = b"\r\n\r\n"
_START = b"HTTP/1."
_BARE_LF = re.compile(rb"(?<!\r)\n")
_OK = 200
_SWITCHING_PROTOCOLS = 101

HIGH_WATER = 65_536
"""Bytes that wait, in either direction, before the side they come from has to wait."""

_CHUNK_LIMITS = Settings(max_header_bytes=65_536, max_header_count=1000)
"""What the trailers of a response may be."""


Heads = Pending["ResponseHead | H1Reply"]
"""What comes for one request: interim heads, then the reply."""


class H1Connection(asyncio.Protocol):
    """One connection; its owner is told when it is free again, and when it is gone."""

    __slots__ = ("_buffer", "_drained", "_eof", "_head_bytes", "_head_only", "_heard", "_loop",
                 "_most_head_bytes", "_on_free", "_on_lost", "_on_sent", "_pending",
                 "_read_timeout", "_reading", "_reply", "_sent", "_timer", "_upgrade",
                 "_write_paused", "_write_timeout", "gone", "idle_since", "sender",
                 "transport")  # fmt: skip

    transport: asyncio.Transport

    def __init__(
        self,
        settings: HTTPSettings,
        on_free: Callable[[H1Connection], None],
        on_lost: Callable[[H1Connection], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._most_head_bytes = settings.max_response_header
        self._read_timeout = settings.read_timeout
        self._write_timeout = settings.write_timeout
        self._heard = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._on_free = on_free
        self._on_lost = on_lost
        self._buffer = bytearray()
        """The beginning of a head."""
        self._eof = False
        """Whether the upstream said itself that it sends nothing more."""
        self._head_only = False
        self._upgrade = False
        self._head_bytes = 0
        self._pending: Heads | None = None
        """Who waits for a response that has not begun."""
        self._reply: H1Reply | None = None
        """The response that is under way."""
        self._drained: asyncio.Future[None] | None = None
        self._write_paused = False
        self._reading = True
        self._sent = True
        self._on_sent: Callable[[], None] | None = None
        self.sender: asyncio.Task[None] | None = None
        """What still sends the body of a request; it ends with the connection."""
        self.gone = False
        """Whether the connection can be used for nothing more."""
        self.idle_since = 0.0
        """When it became free, by the loop's time."""

    # What the loop calls ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = transport  # type: ignore[assignment]
        self.transport.set_write_buffer_limits(high=HIGH_WATER)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits that nothing more comes."""
        aborted, self.gone = self.gone, True
        if self._timer is not None:
            self._timer.cancel()
        reply = self._reply
        if reply is not None:
            self._reply = None
            reply.ended(clean=exc is None and self._eof and not aborted)
        elif self._pending is not None:
            how = f": {exc}" if exc is not None else ""
            kind = UpstreamError if self._head_bytes or self._buffer else UnansweredError
            self.fail(kind(f"the upstream closed the connection before it answered{how}"))
        self.resume_writing()
        self._on_lost(self)

    def eof_received(self) -> None:
        """Take the upstream's word that it has ended.

        With TLS, a connection that ends without a word may have been cut by anybody
        (RFC 8446 §6.1). asyncio tells both alike.
        """
        tls: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object")
        try:
            self._eof = tls is None or not tls.read(1)
        except ssl.SSLError:
            self._eof = False

    def data_received(self, data: bytes) -> None:
        """Take bytes of a response."""
        if self._read_timeout is not None:
            self._heard = self._loop.time()
        reply = self._reply
        if reply is not None:
            reply.feed(data)
        elif self._pending is not None:
            self._take_heads(self._pending, data)
        else:
            self.close()

    def pause_writing(self) -> None:
        """Let the request's body wait."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Let the request's body go on."""
        self._write_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # In ------------------------------------------------------------------------------

    def _take_heads(self, pending: Heads, data: bytes) -> None:
        """Read heads from the beginning that is here, and what has come now."""
        begun = self._buffer
        if not begun:
            self._read_heads(pending, data)
            return
        # However small the pieces are that a head comes in, each byte is looked at once.
        seen = len(begun)
        begun += data
        if begun.find(_END, max(seen - 3, 0)) < 0:
            self._await_rest(seen)
        else:
            self._buffer = bytearray()
            self._read_heads(pending, bytes(begun))

    def _read_heads(self, pending: Heads, data: bytes) -> None:
        """Read what there is up to the head of the final response."""
        while True:
            end = data.find(_END)
            if end < 0:
                self._buffer = bytearray(data)
                self._await_rest(0)
                return
            self._head_bytes += end + 4
            if self._head_bytes > self._most_head_bytes:
                self.fail(UpstreamError("the upstream sent too long a header"))
                return
            try:
                head = read_head(data[:end], head_only=self._head_only)
            except UpstreamError as error:
                self.fail(error)
                return
            data = data[end + 4 :]
            if head.status >= _OK or head.status == _SWITCHING_PROTOCOLS:
                self._begin_reply(pending, head, data)
                return
            pending.put(head)
            if not data:
                return

    def _await_rest(self, seen: int) -> None:
        """Wait for more of a head, if it can still become one; `seen` bytes were all right."""
        begun = self._buffer
        if seen < len(_START) and not _START.startswith(bytes(begun[: len(_START)])):
            words = bytes(begun[:40])
            self.fail(UpstreamError(f"the upstream did not answer in HTTP/1: {words!r}"))
        elif _BARE_LF.search(begun, seen):
            self.fail(UpstreamError("the upstream ended a header line with a bare LF"))
        elif self._head_bytes + len(begun) > self._most_head_bytes:
            self.fail(UpstreamError("the upstream sent too long a header"))

    def _begin_reply(self, pending: Heads, head: ResponseHead, data: bytes) -> None:
        if head.status == _SWITCHING_PROTOCOLS:
            self._switch(pending, head, data)
            return
        self._pending = None
        self._reply = reply = H1Reply(self, head, _CHUNK_LIMITS)
        reply.begin(data)
        pending.put(reply)

    def _switch(self, pending: Heads, head: ResponseHead, data: bytes) -> None:
        if not self._upgrade:
            self.fail(UpstreamError("the upstream switched protocols without being asked"))
            return
        self._pending = None
        reply = H1Reply(self, head, _CHUNK_LIMITS)
        reply.duplex = Tunnel(self.transport, data, self.connection_lost)
        pending.put(reply)

    # What the client calls ------------------------------------------------------------------

    def begin(self, *, head_only: bool, upgrade: bool) -> Heads:
        """Expect a response: to HEAD, or to a request that may change the protocol."""
        pending: Heads = Pending(self._loop)
        self._pending = pending
        self._sent = False
        self._head_only = head_only
        self._upgrade = upgrade
        self._head_bytes = 0
        if self._read_timeout is not None:
            self._heard = self._loop.time()
            if self._timer is None:
                self._timer = self._loop.call_later(self._read_timeout, self._check_heard)
        return pending

    def _check_heard(self) -> None:
        """End a response of which nothing came for too long."""
        timeout = self._read_timeout or 0.0
        self._timer = None
        if self.gone or (self._pending is None and self._reply is None):
            return
        if not self._reading:  # it is the client that is slow
            self._heard = self._loop.time()
        waited = self._loop.time() - self._heard
        if waited < timeout:
            self._timer = self._loop.call_later(timeout - waited, self._check_heard)
        elif self._reply is not None:
            self._reply.broke(f"the upstream sent nothing for {timeout} s")
        else:
            self.fail(UpstreamTimeoutError(f"the upstream sent nothing for {timeout} s"))

    def write(self, data: bytes) -> None:
        """Send bytes of a request."""
        self.transport.write(data)

    def all_sent(self) -> None:
        """Note that the whole request was written."""
        self._sent = True
        self.sender = None
        if self._on_sent is not None:
            self._on_sent()
            self._on_sent = None

    def when_sent(self, callback: Callable[[], None]) -> None:
        """Call back when the whole request was written; at once, if it was."""
        if self._sent:
            callback()
        else:
            self._on_sent = callback

    async def drained(self) -> None:
        """Wait until the upstream has taken most of what was written. Raises `UpstreamError`."""
        if self._write_paused:
            try:
                async with asyncio.timeout(self._write_timeout):
                    await self._has_room()
            except TimeoutError:
                raise UpstreamTimeoutError("the upstream does not take the request") from None
        if self.gone:
            raise UpstreamError("the upstream closed the connection before it had the request")

    async def _has_room(self) -> None:
        while self._write_paused and not self.gone:
            self._drained = self._loop.create_future()
            await self._drained

    def fail(self, error: Exception) -> None:
        """End a response that did not begin, and the connection."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.fail(error)
        self.close()

    def close(self) -> None:
        """Close at once. May be repeated."""
        self.gone = True
        sender, self.sender = self.sender, None
        if sender is not None:
            sender.cancel()
        self.transport.abort()

    # What the reply calls -----------------------------------------------------------------------

    def finished(self, *, reusable: bool) -> None:
        """Go on after a response that is complete: with another request, or to the end."""
        self._reply = None
        if not (reusable and self._sent) or self.gone:
            self.close()
            return
        self.resume_reading()
        self._on_free(self)

    def pause_reading(self) -> None:
        """Let the upstream wait."""
        if self._reading and not self.gone:
            self._reading = False
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Let the upstream go on."""
        if not self._reading and not self.gone:
            self._reading = True
            if self._read_timeout is not None:
                self._heard = self._loop.time()
            self.transport.resume_reading()
