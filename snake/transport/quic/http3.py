"""HTTP/3: aioquic's frames, and what becomes of them (RFC 9114).

aioquic frames and unframes, and keeps the order that frames must have. What it makes of a request
is not used: it takes one that is malformed for the end of the connection, where it is the end of a
stream (RFC 9114 §4.1.2), and it buffers a head of any length.

QPACK has no dynamic table here, as in quic-go: so no stream is ever blocked by another, no bytes
of a head become thousands (CVE-2025-64702), and nothing is kept for a client that acknowledges
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import pylsqpack
from aioquic.buffer import encode_uint_var
from aioquic.h3.connection import (
    ErrorCode,
    FrameType,
    FrameUnexpected,
    H3Connection,
    H3Stream,
    HeadersState,
    ProtocolError,
    QpackDecompressionFailed,
    Setting,
    encode_frame,
)
from aioquic.h3.events import DataReceived, H3Event
from aioquic.quic.events import QuicEvent

from snake.transport.quic.connection import QuicConnection

Fields = list[tuple[bytes, bytes]]

_LONGEST_CONTROL = 4096
"""Bytes of a frame on the control stream."""
_IGNORED = 0x21
"""A type of frame that is reserved to be ignored (RFC 9114 §7.2.8)."""
_NO_STREAM = 2**62 - 4
"""The stream in a GOAWAY by which a client is only warned (RFC 9114 §5.2)."""


class ExcessiveLoad(ProtocolError):  # noqa: N818  (named as aioquic's are)
    """A client that asks for more than anybody needs."""

    error_code = ErrorCode.H3_EXCESSIVE_LOAD


class Receiver(Protocol):
    """Who hears what came on the streams of requests."""

    def opened(self, stream_id: int, fields: Fields, *, ended: bool) -> None:
        """Take the head of a request."""
        ...

    def too_long(self, stream_id: int) -> None:
        """Take a request whose head is too long to be read."""
        ...

    def came(self, stream_id: int, data: bytes, *, ended: bool) -> None:
        """Take some of a body."""
        ...

    def trailed(self, stream_id: int, fields: Fields, *, ended: bool) -> None:
        """Take the fields after a body."""
        ...


class HTTP3(H3Connection):
    """One connection's frames."""

    def __init__(self, quic: QuicConnection, receiver: Receiver, longest_head: int) -> None:
        self._receiver = receiver
        self._longest_head = longest_head
        self._refused: set[int] = set()
        self._news: list[Callable[[], None]] = []
        super().__init__(quic)

    def handle_event(self, event: QuicEvent) -> list[H3Event]:
        """Take what QUIC says, and then tell the receiver: it may answer at once."""
        super().handle_event(event)
        news, self._news = self._news, []
        for tell in news:
            tell()
        return []

    def _init_connection(self) -> None:
        self._max_table_capacity = self._blocked_streams = 0
        self._decoder = pylsqpack.Decoder(0, 0)
        super()._init_connection()

    def _get_local_settings(self) -> dict[int, int]:
        return {
            Setting.QPACK_MAX_TABLE_CAPACITY: 0,
            Setting.QPACK_BLOCKED_STREAMS: 0,
            Setting.MAX_FIELD_SECTION_SIZE: self._longest_head,
            Setting.ENABLE_CONNECT_PROTOCOL: 1,
        }

    def _validate_settings(self, settings: dict[int, int]) -> None:
        super()._validate_settings(settings)
        settings[Setting.QPACK_MAX_TABLE_CAPACITY] = settings[Setting.QPACK_BLOCKED_STREAMS] = 0

    def _check_control_frame_type(self, frame_type: int) -> None:
        super()._check_control_frame_type(frame_type)
        stream = self._stream[self._peer_control_stream_id or 0]
        is_read = frame_type in (FrameType.SETTINGS, FrameType.MAX_PUSH_ID)
        if is_read and (stream.frame_size or 0) > _LONGEST_CONTROL:
            raise ExcessiveLoad("a frame on the control stream is too long")

    def _check_request_or_push_frame_type(self, frame_type: int, stream: H3Stream) -> None:
        super()._check_request_or_push_frame_type(frame_type, stream)
        if frame_type == FrameType.HEADERS and (stream.frame_size or 0) > self._longest_head:
            stream.frame_type = _IGNORED
            self.ignore(stream.stream_id)
            self._news.append(partial(self._receiver.too_long, stream.stream_id))
        elif frame_type == FrameType.WEBTRANSPORT_STREAM:  # we have said nothing of it
            stream.frame_type = _IGNORED

    def _tell(self, how: Callable[..., None], at: int, what: object, *, ended: bool) -> None:
        self._news.append(partial(how, at, what, ended=ended))

    def ignore(self, stream_id: int) -> None:
        """Take no more frames of a stream."""
        self._refused.add(stream_id)

    def _receive_request_or_push_data(
        self,
        stream: H3Stream,
        data: bytes,
        stream_ended: bool,  # noqa: FBT001  (aioquic's)
    ) -> list[H3Event]:
        for event in super()._receive_request_or_push_data(stream, data, stream_ended):
            # A part of a frame, for which aioquic asks nobody.
            if isinstance(event, DataReceived) and stream.stream_id not in self._refused:
                self._tell(
                    self._receiver.came, stream.stream_id, event.data, ended=event.stream_ended
                )
        return []

    def _handle_request_or_push_frame(
        self,
        frame_type: int,
        frame_data: bytes | None,
        stream: H3Stream,
        stream_ended: bool,  # noqa: FBT001  (aioquic's)
    ) -> list[H3Event]:
        at, data = stream.stream_id, frame_data or b""
        if frame_type == FrameType.HEADERS:
            self._take_head(stream, data, ended=stream_ended)
        elif stream.headers_recv_state is not HeadersState.AFTER_HEADERS:
            raise FrameUnexpected("DATA frame is not allowed in this state")
        elif at not in self._refused:
            self._tell(self._receiver.came, at, data, ended=stream_ended)
        if stream_ended:
            self._refused.discard(at)
        return []

    def _take_head(self, stream: H3Stream, data: bytes, *, ended: bool) -> None:
        at, state = stream.stream_id, stream.headers_recv_state
        if state is HeadersState.AFTER_TRAILERS:
            raise FrameUnexpected("HEADERS frame is not allowed in this state")
        try:
            fields = self._decode_headers(at, data)
        except pylsqpack.StreamBlocked:
            raise QpackDecompressionFailed("there is no dynamic table") from None
        if state is HeadersState.INITIAL:
            stream.headers_recv_state = HeadersState.AFTER_HEADERS
            self._tell(self._receiver.opened, at, fields, ended=ended)
        else:
            stream.headers_recv_state = HeadersState.AFTER_TRAILERS
            if at not in self._refused:
                self._tell(self._receiver.trailed, at, fields, ended=ended)

    def _handle_request_or_push_end(self, stream: H3Stream) -> list[H3Event]:
        at = stream.stream_id
        if at in self._refused:
            self._refused.discard(at)
        elif stream.headers_recv_state is HeadersState.INITIAL:
            self._abort_incomplete_request(at)
            stream.sending_ended = True
        else:
            self._tell(self._receiver.came, at, b"", ended=True)
        return []

    def _receive_stream_reset(self, stream_id: int) -> None:
        self._refused.discard(stream_id)
        super()._receive_stream_reset(stream_id)

    # Out -----------------------------------------------------------------------------

    def respond(self, stream_id: int, fields: Fields, data: bytes, *, ended: bool) -> None:
        """Send the head of a response and some of its body, in one piece."""
        _, block = self._encoder.encode(stream_id, fields)  # tells its table nothing: there is none
        frames = encode_frame(FrameType.HEADERS, block)
        if data:
            frames += encode_frame(FrameType.DATA, data)
        with self._get_or_create_stream(stream_id) as stream:
            stream.headers_send_state = HeadersState.AFTER_HEADERS
            stream.sending_ended = ended
        self._quic.send_stream_data(stream_id, frames, ended)

    def end(self, stream_id: int) -> None:
        """End a stream on which there is nothing more to say."""
        with self._get_or_create_stream(stream_id) as stream:
            stream.sending_ended = True
        self._quic.send_stream_data(stream_id, b"", end_stream=True)

    def gave_up(self, stream_id: int) -> None:
        """Note that a stream was given up."""
        self.ignore(stream_id)
        stream = self._stream.get(stream_id)
        if stream is not None:
            stream.sending_ended = True
            if stream.is_ended():
                del self._stream[stream_id]
        if stream_id not in self._stream:
            self._refused.discard(stream_id)

    def go_away(self, stream_id: int = _NO_STREAM) -> None:
        """Ask for no more requests: none at all, or none from this stream on."""
        frame = encode_frame(FrameType.GOAWAY, encode_uint_var(stream_id))
        self._quic.send_stream_data(self._local_control_stream_id or 0, frame)
