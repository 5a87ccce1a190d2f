"""Connection: HTTP/1.1 on one socket (RFC 9112).

The laws of this file:

- One request at a time. While one is answered, the bytes of the next wait in `_buffer` and the
  socket is not read: responses are in order, and no more than one read is kept.
- No request begins while the client has too much of the last answers to take.
- A head is parsed when it is there as a whole. A body is not collected: it goes to the app as it
  comes, and the socket is not read while the app does not take it.
- What is no request is answered once, and nothing after it is read.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from snake.tls.secured import Secured, asgi_extension
from snake.transport.admission import Admission, of_transport
from snake.transport.body import MOST_DISCARDED, RequestBody
from snake.transport.exchange import Exchange
from snake.transport.head import skip_empty_lines
from snake.transport.refusal import RefusedError, refusal
from snake.transport.running import DONE, STREAMING
from snake.transport.scope import http_scope
from snake.transport.switched import Switched
from snake.transport.tunnel import Tunnel

if TYPE_CHECKING:
    from snake.transport.hypercorn import Guest
    from snake.transport.serve import Serving

HEAD, IDLE, BUSY, HANDED, TUNNEL, CLOSING, GONE = range(7)
"""A connection: a head is expected; nothing need come; a request is answered; another protocol
has it; a handler has it; the last bytes go out and what comes in is dropped; it is closed."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\n"
"""How HTTP/2 begins (RFC 9113 §3.4): the part of it that looks like a head."""

_BARE_LF = re.compile(rb"(?<!\r)\n")
_CR = ord("\r")
_END = b"\r\n\r\n"


class Connection(Switched):
    """One client."""

    __slots__ = ("_admission", "_advancing", "_buffer", "client", "exchange", "guest",
                 "half_closed", "may_http2", "phase", "secured", "server", "since",
                 "tls_extension")  # fmt: skip

    def __init__(
        self, serving: Serving, admission: Admission | None = None, secured: Secured | None = None
    ) -> None:
        super().__init__(serving)
        self.exchange: Exchange | None = None
        self.phase = HEAD
        self.since = 0.0
        """When the phase began."""
        self.half_closed = False
        """Whether the client sends no more."""
        self.guest: Guest | None = None
        """Who has the connection after `_hand_over`."""
        self._buffer = admission.begun if admission else b""
        self._admission = admission
        self._advancing = False
        self.secured = secured
        """What its handshake came to; `None` without TLS."""
        self.tls_extension = asgi_extension(secured) if secured else {}
        self.may_http2 = secured is None and serving.settings.http2

    # What the loop calls ------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a new client."""
        super().connection_made(transport)
        admission = self._admission or of_transport(transport)
        self.client, self.server = admission.client, admission.server
        self.serving.opened(self)
        self.since = self.taken_at = self.serving.clock.now

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the app that its client is gone."""
        self.phase = GONE
        if self.exchange is not None:
            self.exchange.drop()
            self.exchange = None
        if self.guest is not None:
            self.guest.leave()
        super().connection_lost(exc)
        self.serving.closed(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes: of a head, of a body, or of a request that has to wait."""
        exchange = self.exchange
        if exchange is not None:
            body = exchange.body
            if body is None or body.complete:
                self._keep(data)
            else:
                self._feed(exchange, body, data)
        elif self.phase <= IDLE:
            whole = 0 < data.find(_END) == len(data) - len(_END)
            if whole and data[0] != _CR and not self._buffer:
                self._begin(data, 0, len(data))
            else:
                self._advance(self._buffer + data)
        elif self.phase == HANDED and self.guest is not None:
            self.guest.feed(data)

    def eof_received(self) -> bool:
        """Go on with what was asked; return whether the connection is still needed."""
        self.half_closed = True
        if self.exchange is not None:
            self.exchange.notify()
            if self.exchange.state == DONE:  # the rest of a body that nobody wants does not come
                return False
        return self.exchange is not None or (self.phase == IDLE and bool(self._buffer))

    def resume_writing(self) -> None:
        """Let `send` go on, or the next request."""
        super().resume_writing()
        if self.phase <= IDLE:
            self.serving.soon(self._go_on)

    # In -------------------------------------------------------------------------

    def _advance(self, data: bytes) -> None:
        """Begin the requests in `data`, until one has to be waited for."""
        self._advancing = True
        self._buffer = b""
        at = 0
        while at < len(data) and self.exchange is None and self.phase <= IDLE:
            if self.write_paused:
                break
            if self.turn_is_over():  # others are to have theirs before the next of many requests
                self.serving.soon(self._go_on)
                break
            if data[at] == _CR:
                at = skip_empty_lines(data, at)
            end = data.find(_END, at)
            if end < 0:
                self._await_rest(data[at:])
                at = len(data)
            else:
                at = self._begin(data, at, end + 4)
        self._advancing = False
        if at < len(data) or (self.write_paused and self.exchange is None):
            self._keep(data[at:])

    def _await_rest(self, data: bytes) -> None:
        """Keep the beginning of a head, if it can still become one."""
        settings = self.serving.settings
        if _BARE_LF.search(data) or b"\0" in data:
            self.refuse(RefusedError(400))
        elif len(data) > settings.max_header_bytes:
            self.refuse(RefusedError(431 if b"\r\n" in data else 414))
        else:
            self._buffer = data
            if self.phase == IDLE:
                self.phase = HEAD
                self.since = self.serving.clock.now

    def _begin(self, data: bytes, start: int, end: int) -> int:
        """Begin the request whose head is `data[start:end]`; return how far `data` was used."""
        head = data if end - start == len(data) else data[start:end]
        serving = self.serving
        heads = serving.heads
        refused: RefusedError | None = None
        try:
            heads.read(head)
        except RefusedError as error:
            refused = error
        if refused is not None:
            if head == PREFACE and self.may_http2:
                self.phase = HANDED
                serving.speak_http2(self, data[start:])
            else:
                self.refuse(refused)
            return len(data)
        if heads.websocket:
            self._hand_over(heads.rewritten(), data[end:])
            return len(data)
        head_only = heads.method == b"HEAD"
        self.exchange = exchange = Exchange(self, heads.http11, heads.keep_alive, head_only)
        now = serving.clock.now
        if self.phase == IDLE:
            self.since = now
        self.phase = BUSY
        exchange.began = now
        if heads.length:
            end = self._begin_body(exchange, data, end)
            if exchange.gone:
                return end
        scope = http_scope(heads, self, exchange)
        serving.run(exchange, scope)
        return end

    def _begin_body(self, exchange: Exchange, data: bytes, start: int) -> int:
        """Make the body that begins at `start`; return where it ends as far as `data` tells."""
        serving = self.serving
        exchange.expects = serving.heads.expects
        exchange.body = body = RequestBody(
            serving.heads.length, serving.settings, serving.clock.now
        )
        if start == len(data):
            return start
        return len(data) - len(self._split(exchange, body, data[start:]))

    def _hand_over(self, begun: bytes, data: bytes) -> None:
        """Let Hypercorn have the connection, and what was read from it."""
        self.phase = HANDED
        self.since = self.serving.clock.now
        self.guest = self.serving.hand_over(self, begun, data)

    def take_over(self, data: bytes = b"") -> Tunnel:
        """Let a handler have the connection, and what was read of it behind the request."""
        self.phase = TUNNEL
        self.exchange = self.guest = None
        data, self._buffer = data + self._buffer, b""
        self.tunnel = Tunnel(self.transport, data, self.connection_lost)
        return self.tunnel

    def _split(self, exchange: Exchange, body: RequestBody, data: bytes) -> bytes:
        """Give the body what is its; return the rest."""
        body.since = self.serving.clock.now
        try:
            rest = body.feed(data)
        except RefusedError as error:
            self._refuse_body(exchange, error)
            return b""
        exchange.expects = False
        return rest

    def _feed(self, exchange: Exchange, body: RequestBody, data: bytes) -> None:
        """Give the body what is its, and keep the rest."""
        rest = self._split(exchange, body, data)
        if rest:
            self._keep(rest)
        if body.discard is None:
            if body.size > self.serving.settings.read_high_water:
                self.pause_reading()
            exchange.notify()
        elif body.complete:
            self._next()
        elif body.discard < 0:
            self.close()

    def _keep(self, data: bytes) -> None:
        """Keep what follows this request, and read no more until it is answered and taken."""
        if self.phase <= BUSY:
            self._buffer += data
            self.pause_reading()

    def body_wanted(self, exchange: Exchange) -> None:
        """Have the client send the body: the app waits for it."""
        if exchange.expects:
            exchange.expects = False
            if exchange.state < STREAMING:
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.resume_reading()

    def body_taken(self) -> None:
        """Read on, unless the next request waits already."""
        if not self._buffer:
            self.resume_reading()

    # Out --------------------------------------------------------------------------

    def can_go_on(self, exchange: Exchange) -> bool:
        """Whether another request may follow the one that is about to be answered."""
        if self.serving.draining:
            return False
        body = exchange.body
        if body is None or body.complete:
            return True
        # A client that was not told to continue may send the body, or not.
        return not exchange.expects and (body.left is None or body.left <= MOST_DISCARDED)

    def answered(self, exchange: Exchange) -> None:
        """Go on after a response: with the next request, or to the end."""
        if self.exchange is not exchange:
            return
        body = exchange.body
        if not exchange.keep_alive:
            self.close()
        elif body is not None and not body.complete:
            body.discard = MOST_DISCARDED
            body.take()
            self.resume_reading()
        else:
            self._next()

    def _next(self) -> None:
        self.exchange = None
        self.phase = IDLE
        self.since = self.serving.clock.now
        if self._advancing:
            return
        if self.write_paused:
            self.pause_reading()
        elif self._buffer:
            # Not at once: this runs inside the app's task, whose context is not the next one's.
            self.serving.soon(self._go_on)
        elif self.half_closed or self.serving.closing:
            self.close()
        elif not self.reading:
            self.resume_reading()

    def _go_on(self) -> None:
        if self.phase <= IDLE and self.exchange is None and not self.write_paused:
            self._advance(self._buffer)
            if self.exchange is None and self.phase <= IDLE:
                if self.half_closed or (self.serving.closing and not self._buffer):
                    self.close()
                elif not self._buffer or self.phase == HEAD:
                    self.resume_reading()

    # The end -----------------------------------------------------------------------

    def refuse(self, error: RefusedError) -> None:
        """Answer what is no request, and take no more."""
        self.write(refusal(error))
        self.close(unread=True)

    def _refuse_body(self, exchange: Exchange, error: RefusedError) -> None:
        """End a request whose body is broken, and tell the client if that can still be done."""
        if exchange.state >= STREAMING:
            self.abort()
            return
        exchange.drop()
        self.refuse(error)

    def close(self, *, unread: bool = False) -> None:
        """Close when all that was written is out.

        What the client still sends is then read for a while and dropped: the kernel would
        reset the connection otherwise, and the client might lose our answer (RFC 9112 §9.6).
        """
        if self.phase >= CLOSING:
            return
        self.phase = CLOSING
        self.since = self.serving.clock.now
        exchange, self.exchange = self.exchange, None
        if exchange is not None and exchange.body is not None and not exchange.body.complete:
            unread = True
        if self._buffer:
            unread = True
            self._buffer = b""
        if unread and not self.half_closed and self.transport.can_write_eof():
            self.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()

    def abort(self, *, reset: bool = False) -> None:
        """Close at once. What is then cut short must not look complete: the client sees an error.

        (The end of the connection is the end of a body to HTTP/1.0, and to some clients of any.)
        """
        exchange = self.exchange
        cut = exchange is not None and exchange.state == STREAMING
        super().abort(reset=reset or cut or self.transport.get_write_buffer_size() > 0)

    def drain(self, *, websockets: bool = True) -> None:
        """Close when nothing is being asked; else after the answer."""
        if self.tunnel is not None:
            self.tell_tunnels(websockets=websockets)
        elif self.guest is not None:
            self.guest.drain(websockets=websockets)
        else:
            answered = self.exchange is not None and self.exchange.state == DONE
            if answered or self.phase == IDLE or (self.phase == HEAD and not self._buffer):
                self.close()

    def header_late(self) -> None:
        """End a connection on which a head did not come in time; told as Caddy tells it."""
        if self._buffer:
            self.refuse(RefusedError(400))
        else:
            self.close()

    def body_late(self, exchange: Exchange) -> None:
        """End a request whose body did not come in time."""
        if exchange.state >= DONE:
            self.close()
        else:
            self._refuse_body(exchange, RefusedError(408))
