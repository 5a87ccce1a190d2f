"""The engine: httpunk's state of an HTTP/2 connection, which is hyper's, without its sockets.

It reads frames, keeps streams, windows and header tables, and writes frames into a buffer. What it
does not see to, or not for us, is here and in `connection.py`:

- It holds us to our settings only once the client acknowledged them, which a hostile one never
  does. Whoever has sent them may enforce what only bounds its own memory, so they count at once.
- It drops the fields of a head that is too long, and says nothing. So it is given room for a
  multiple of what is allowed; `nuisance.py` sees what could fill even that, and `multiplexed.py`
  counts what came.
- It does not tell `:protocol`, nor offers SETTINGS_ENABLE_CONNECT_PROTOCOL.
"""

from __future__ import annotations

import struct
from typing import cast

from httpunk._httpunk import (
    H2_DEFAULT_INITIAL_WINDOW_SIZE,
    H2_DEFAULT_MAX_FRAME_SIZE,
    H2_FLAG_CAPACITY,
    H2_FLAG_CONN_DONE,
    H2_FLAG_STOP_ACCEPTING,
    H2_HEADERS_OPENED,
    H2_HEADERS_TRAILERS,
    H2Codec,
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
    H2Streams,
    HeaderMap,
)

from snake.transport.settings import Settings

__all__ = [
    "CANCEL",
    "ENHANCE_YOUR_CALM",
    "H2_FLAG_CAPACITY",
    "H2_FLAG_CONN_DONE",
    "H2_FLAG_STOP_ACCEPTING",
    "H2_HEADERS_OPENED",
    "H2_HEADERS_TRAILERS",
    "INTERNAL_ERROR",
    "MOST_STREAMS",
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "REFUSED_STREAM",
    "SLICE",
    "STREAM_CLOSED",
    "H2Error",
    "H2FrameData",
    "H2FrameGoAway",
    "H2FrameHeaders",
    "H2FramePing",
    "H2FramePriority",
    "H2FrameRstStream",
    "H2FrameSettings",
    "H2FrameStreamError",
    "H2FrameWindowUpdate",
    "H2StreamError",
    "H2Streams",
    "HeaderMap",
    "frame",
    "make",
    "window",
]

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, STREAM_CLOSED = 0, 1, 2, 5
REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 7, 8, 11
"""Codes of RST_STREAM and GOAWAY (RFC 9113 §7)."""
MOST_STREAMS = 100
"""Requests of one connection at a time (RFC 9113 §6.5.2 asks for no fewer)."""
SLICE = H2_DEFAULT_MAX_FRAME_SIZE
"""Bytes that are read at once."""

_WINDOWS = 4
"""A stream's window, in times of what an app may have waiting."""
_CONNECTION_WINDOW = 6_553_500
"""Bytes that all streams of a connection may have waiting."""
_SEND_BUFFER = 65_536
"""Bytes of one stream that the engine frames before the transport has taken them."""
_ROOM = 131_072

_SETTING = struct.Struct("!HI")
_MAX_CONCURRENT_STREAMS, _INITIAL_WINDOW_SIZE, _MAX_HEADER_LIST_SIZE, _CONNECT_PROTOCOL = 3, 4, 6, 8
_SETTINGS, _WINDOW_UPDATE = 4, 8
_ACK = cast(H2FrameSettings, H2Codec("client").receive(b"\0\0\0\x04\x01\0\0\0\0")[0])


def window(settings: Settings) -> int:
    """Return how many bytes of one body a client may send before the app takes some."""
    return max(_WINDOWS * settings.read_high_water, H2_DEFAULT_INITIAL_WINDOW_SIZE)


def make(settings: Settings) -> tuple[H2Streams, bytes]:
    """Return the state of a new connection, and what the server says first."""
    engine = H2Streams(
        "server",
        initial_window_size=window(settings),
        connection_window=_CONNECTION_WINDOW,
        max_frame_size=H2_DEFAULT_MAX_FRAME_SIZE,
        # What fits in here though it is dropped is over 5/8 of the rest on the wire, as no code
        # of HPACK has fewer than 5 bits: more than `nuisance.py` lets pass.
        max_header_list_size=3 * settings.max_header_bytes + _ROOM,
        max_send_buf_size=_SEND_BUFFER,
        max_concurrent_streams=MOST_STREAMS,
        max_local_error_reset_streams=None,
        auto_date_header=False,
    )
    engine.begin()
    engine.take_pending()[0].release()
    engine.recv_settings(_ACK)
    values = (
        (_MAX_CONCURRENT_STREAMS, MOST_STREAMS),
        (_INITIAL_WINDOW_SIZE, window(settings)),
        (_MAX_HEADER_LIST_SIZE, settings.max_header_bytes),
        (_CONNECT_PROTOCOL, 1),
    )
    payload = b"".join(_SETTING.pack(*value) for value in values)
    more = _CONNECTION_WINDOW - H2_DEFAULT_INITIAL_WINDOW_SIZE
    return engine, frame(_SETTINGS, 0, payload) + frame(_WINDOW_UPDATE, 0, more.to_bytes(4, "big"))


def frame(kind: int, stream: int, payload: bytes, flags: int = 0) -> bytes:
    """Return a frame (RFC 9113 §4.1)."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
    return head + payload
