"""HTTP2Connection: HTTP/2 on one socket or TLS connection (RFC 9113).

The laws of this file:

- What is read is read in slices, and a slice frame by frame. Between two frames, others get their
  turn; and nothing is read while the client has too much of the last answers to take. So what a
  connection can make us keep is one read, what the windows allow, and one answer.
- What is written is written once a turn, all streams together.
- A client pays for what costs us and gives nothing: streams that are begun and reset, whoever
  resets them, and frames without effect.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from snake.tls.secured import Secured
from snake.transport.admission import Admission, of_transport
from snake.transport.deadlines import enforce_closing, enforce_write, over
from snake.transport.http2.engine import (
    CANCEL,
    ENHANCE_YOUR_CALM,
    H2_HEADERS_OPENED,
    H2_HEADERS_TRAILERS,
    NO_ERROR,
    PROTOCOL_ERROR,
    SLICE,
    H2Error,
    H2FrameData,
    H2FrameGoAway,
    H2FrameHeaders,
    H2FramePing,
    H2FramePriority,
    H2FrameRstStream,
    H2FrameSettings,
    H2FrameStreamError,
    H2FrameWindowUpdate,
    H2StreamError,
    make,
)
from snake.transport.http2.requests import Requests
from snake.transport.http2.stream import Stream
from snake.transport.http2.tunnel import StreamTunnel
from snake.transport.serve import Serving

OPEN, CLOSING, GONE = range(3)
"""A connection: requests may come; the last bytes go out and what comes in is dropped; closed."""

_SMALL_TABLE = 4096


class HTTP2Connection(Requests):
    """One client. It is an `asyncio.Protocol`, from the preface on."""

    def __init__(
        self, serving: Serving, admission: Admission | None = None, secured: Secured | None = None
    ) -> None:
        engine, self._greeting = make(serving.settings)
        super().__init__(serving, engine, secured)
        self.phase = OPEN
        self._admission = admission
        self._is_acknowledged = False
        self._input = admission.begun if admission else b""
        self._frames: deque[Any] = deque()

    # What the loop calls ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a new client."""
        super().connection_made(transport)
        admission = self._admission or of_transport(transport)
        self.client, self.server = admission.client, admission.server
        self.serving.opened(self)
        self.since = self.taken_at = self.serving.clock.now
        self.write(self._greeting)
        if self._input:
            self.serving.soon(self._advance)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all apps that their client is gone."""
        self.phase = GONE
        self._let_go()
        super().connection_lost(exc)
        self.serving.closed(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if self.phase == OPEN:
            is_waiting = self._input or self._frames
            self._input += data
            if not is_waiting:
                self._advance()

    def eof_received(self) -> bool:
        """End: a client that sends no more opens no more windows either."""
        self._let_go()
        return False

    def resume_writing(self) -> None:
        """Let `send` go on, and read what was left unread."""
        super().resume_writing()
        if self.phase == OPEN:
            self.credit()
            self.schedule()
            self.serving.soon(self._advance)

    # In ---------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Read what came, until others are to have their turn, or the client to take answers."""
        self.is_reading = True
        try:
            while self.phase == OPEN and (self._frames or self._input):
                if self.write_paused:
                    break
                if self.turn_is_over():
                    self.serving.soon(self._advance)
                    break
                if self._frames:
                    self._dispatch(self._frames.popleft())
                else:
                    self._decode()
        except H2Error as error:
            code = error.args[0] if error.args else None
            self._end(code if isinstance(code, int) else PROTOCOL_ERROR)
        finally:
            self.is_reading = False
        if self.phase != OPEN:
            return
        if self._frames or self._input:
            self.pause_reading()
        else:
            self.resume_reading()
        self.schedule()  # more may have come, in other records of TLS: the answers go together

    def _decode(self) -> None:
        """Make frames of the next slice."""
        data = self._input
        if len(data) > SLICE:
            data, self._input = data[:SLICE], data[SLICE:]
        else:
            self._input = b""
        self._frames.extend(self.engine.receive(data))
        whole = bool(self._frames)
        if self.silence.hear(len(data), whole=whole, now=self.serving.clock.now):
            self._end(ENHANCE_YOUR_CALM)

    def _dispatch(self, frame: Any) -> None:  # noqa: ANN401
        try:
            _TAKERS[type(frame)](self, frame)
        except H2StreamError as error:
            stream, code, initiator = error.args
            if initiator != "remote":
                self.reject(stream, code)
        if self.nuisance.is_too_much:
            self._end(ENHANCE_YOUR_CALM)

    def _take_headers(self, frame: H2FrameHeaders) -> None:
        stream = StreamTunnel(self) if frame.method == "CONNECT" else Stream(self)
        verdict = self.engine.recv_headers(frame, stream)
        if verdict.kind == H2_HEADERS_OPENED:
            stream.number = verdict.stream_id
            self.open(stream, frame, ends=verdict.eof)
        elif verdict.kind == H2_HEADERS_TRAILERS:
            self.take_trailers(verdict.handle, frame)
        self.heed(verdict.flags)

    def _take_data(self, frame: H2FrameData) -> None:
        verdict = self.engine.recv_data(frame)
        stream: Any = verdict.handle
        if stream is not None and verdict.payload is not None:
            stream.feed(verdict.payload, counted=verdict.budgeted, end=verdict.eof)
        if verdict.payload:
            self.nuisance.useful()
        else:
            self.nuisance.idle()
        self.heed(verdict.flags)

    def _take_window(self, frame: H2FrameWindowUpdate) -> None:
        self.nuisance.idle()
        self.wake(self.engine.recv_window_update(frame))

    def _take_settings(self, frame: H2FrameSettings) -> None:
        self.nuisance.idle()
        if frame.ack and not self._is_acknowledged:
            self._is_acknowledged = True  # to the engine they are since they were sent
            return
        if frame.header_table_size is not None and frame.header_table_size < _SMALL_TABLE:
            self.can_inform = False  # a head would have to begin with that
        _, woken, flags = self.engine.recv_settings(frame)
        self.wake(woken)
        self.heed(flags)

    def _take_ping(self, frame: H2FramePing) -> None:
        self.nuisance.idle()
        self.heed(self.engine.recv_ping(frame))

    def _take_goaway(self, frame: H2FrameGoAway) -> None:
        _, flags = self.engine.recv_go_away(frame)
        self.heed(flags | self.engine.maybe_goaway_reply())

    def _take_reset(self, frame: H2FrameRstStream) -> None:
        self.nuisance.idle()
        taken = self.engine.recv_reset(frame)
        if taken is None:  # some clients answer so to all that was on its way to them
            return
        stream: Any = taken[0]
        stream.drop()
        self.nuisance.reset()
        self.heed(taken[3])

    # The end ----------------------------------------------------------------------------------

    def enforce(self, now: float) -> None:
        """End the connection, or streams of it, for what has taken too long."""
        settings, tick = self.serving.settings, self.serving.clock.tick
        waited = now - self.since
        if self.phase == CLOSING:
            enforce_closing(self, now, waited)
            return
        self.nuisance.forgive(tick)
        is_late = over(waited, settings.read_header_timeout)
        if (not self.nuisance.requests and is_late) or (
            not self.streams and over(waited, settings.idle_timeout)
        ):
            self._end(NO_ERROR)
        elif self.silence.size and not self.streams and is_late:
            self._end(ENHANCE_YOUR_CALM)
        elif not self.reading and self.is_lost():
            self.abort()
        else:
            for stream in list(self.streams):
                if stream.is_late(now, tick):
                    self.reset(stream, CANCEL)
            enforce_write(self, now)

    def drain(self, *, websockets: bool = True) -> None:
        """Close when nothing is being asked; else after the answers.

        The client is not told before it asks again: to some, a GOAWAY is the end of everything.
        """
        self.tell_tunnels(websockets=websockets)
        self.close_when_idle()

    def cut(self) -> float:
        """Close at once, but for tunnels that may go on; return until when they may, or 0."""
        left = self.cut_streams()
        if not left:
            self.abort()
        return left

    @property
    def is_ending(self) -> bool:
        """Whether nothing is asked any more."""
        return self.phase != OPEN

    def close_when_idle(self) -> None:
        """Close, if nothing is being asked."""
        if self.phase == OPEN and not self.streams:
            self._end(NO_ERROR)

    def _end(self, code: int) -> None:
        """Say goodbye, and close when that is out. What still comes is dropped."""
        if self.phase != OPEN:
            return
        self.phase = CLOSING
        self.since = self.serving.clock.now
        self.engine.send_goaway(code)
        self.send_queued()
        self._let_go()
        self._input = b""
        self._frames.clear()
        if self.transport.can_write_eof():
            self.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()

    def _let_go(self) -> None:
        """Drop all streams."""
        self.engine.fail(None)
        for stream in list(self.streams):
            stream.drop()
        self._ready.clear()


_TAKERS: dict[type, Callable[[HTTP2Connection, Any], None]] = {
    H2FrameData: HTTP2Connection._take_data,  # noqa: SLF001
    H2FrameGoAway: HTTP2Connection._take_goaway,  # noqa: SLF001
    H2FrameHeaders: HTTP2Connection._take_headers,  # noqa: SLF001
    H2FramePing: HTTP2Connection._take_ping,  # noqa: SLF001
    H2FramePriority: lambda each, _: each.nuisance.idle(),  # RFC 9113 §5.3.2: it says nothing now
    H2FrameRstStream: HTTP2Connection._take_reset,  # noqa: SLF001
    H2FrameSettings: HTTP2Connection._take_settings,  # noqa: SLF001
    H2FrameStreamError: lambda each, frame: each.reject(frame.stream_id, frame.error_code),
    H2FrameWindowUpdate: HTTP2Connection._take_window,  # noqa: SLF001
}
