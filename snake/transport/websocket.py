"""WebSockets: what wsproto leaves to its user (RFC 6455, RFC 7692).

- A message that is too long is refused with 1009, before it is inflated: a few bytes of
  `permessage-deflate` can be gigabytes.
- What breaks the protocol is answered with a Close frame that says so (RFC 6455 §7.1.7).
- The code that a client closes with is remembered, for the app to be told.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterable

from hypercorn.protocol import ws_stream
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Event, Message
from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol
from wsproto.handshake import server_extensions_handshake


class Handshake(ws_stream.Handshake):
    """An upgrade that, once it is accepted, is a connection with limits."""

    def __init__(
        self, headers: list[tuple[bytes, bytes]], http_version: str, longest_message: int
    ) -> None:
        super().__init__(headers, http_version)
        self._longest_message = longest_message
        self._offers, self.extensions = self.extensions, None

    def accept(
        self, subprotocol: str | None, additional_headers: Iterable[tuple[bytes, bytes]]
    ) -> tuple[int, list[tuple[bytes, bytes]], Connection]:
        """Return status and headers of the answer, and the connection."""
        status, headers, _ = super().accept(subprotocol, additional_headers)
        extensions: list[Extension] = [_Deflate(self._longest_message)]
        try:
            accepted = server_extensions_handshake(self._offers or [], extensions)
        except ValueError:  # a parameter that is no number
            accepted, extensions = None, []
        if accepted:
            headers.append((b"sec-websocket-extensions", accepted))
        return status, headers, LimitedConnection(extensions, self._longest_message)


class LimitedConnection(Connection):
    """The server's side of a WebSocket."""

    def __init__(self, extensions: list[Extension], longest_message: int) -> None:
        super().__init__(ConnectionType.SERVER, extensions)
        self._longest_message = longest_message
        self._length = 0
        self.closed_with: CloseConnection | None = None
        """How the client closed, or why it had to be closed."""

    def events(self) -> Generator[Event, None, None]:
        """Return what happened. Nothing follows a close."""
        for event in super().events():
            happened = self._checked(event)
            if isinstance(happened, CloseConnection):
                self._close(happened)
                yield happened
                return
            yield happened

    def _checked(self, event: Event) -> Event:
        if not isinstance(event, Message):
            return event
        self._length += len(event.data)
        if self._length > self._longest_message:
            return CloseConnection(code=CloseReason.MESSAGE_TOO_BIG)
        if event.message_finished:
            self._length = 0
        return event

    def _close(self, event: CloseConnection) -> None:
        self.closed_with = self.closed_with or event
        if self.state is ConnectionState.OPEN:
            # No frame of the client closed it: an error did. It is answered as a close would be.
            self._state = ConnectionState.REMOTE_CLOSING
        elif self.state is ConnectionState.LOCAL_CLOSING:
            self._state = ConnectionState.CLOSED


class _Deflate(PerMessageDeflate):
    """`permessage-deflate` that inflates no more of a message than may be kept."""

    def __init__(self, longest_message: int) -> None:
        super().__init__()
        self._longest_message = longest_message
        self._inflated = 0

    def frame_inbound_payload_data(
        self, proto: FrameDecoder | FrameProtocol, data: bytes
    ) -> bytes | CloseReason:
        """Inflate a part of a frame."""
        if self._decompressor is None or not (
            self._inbound_compressed and self._inbound_is_compressible
        ):
            return super().frame_inbound_payload_data(proto, data)
        most = self._longest_message - self._inflated + 1
        try:
            inflated = self._decompressor.decompress(bytes(data), most)
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        self._inflated += len(inflated)
        if self._inflated > self._longest_message:
            return CloseReason.MESSAGE_TOO_BIG
        return inflated

    def frame_inbound_complete(
        self,
        proto: FrameDecoder | FrameProtocol,
        fin: bool,  # noqa: FBT001
    ) -> bytes | CloseReason | None:
        """Inflate the end of a frame."""
        if fin and self._inbound_is_compressible:
            self._inflated = 0
        return super().frame_inbound_complete(proto, fin)
