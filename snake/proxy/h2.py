"""H2Connection: HTTP/2 on one connection to an upstream, many requests at once (RFC 9113)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from h2.config import H2Configuration
from h2.connection import H2Connection as Protocol
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import NoAvailableStreamIDError, ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import Frame, GoAwayFrame

from snake.proxy.contract import Field, Inform, Outgoing, UnansweredError, UpstreamError
from snake.proxy.h2_stream import H2Stream
from snake.proxy.http_settings import HTTPSettings
from snake.transport.start import Start

if TYPE_CHECKING:
    from snake.proxy.h2_reply import H2Reply

_STREAM_WINDOW = 1_048_576
"""Bytes of one response that may wait for the client."""
_CONNECTION_WINDOW = 16 * _STREAM_WINDOW
_MOST_HEADER_BYTES = 2**31 - 1
_FRAME_HEADER = 9
_LONGEST_FRAME = 16_384
"""What we say that we take: the least that can be said (RFC 9113 §4.2)."""


class _Protocol(Protocol):
    """Goes on after a GOAWAY with the streams that the upstream still answers (RFC 9113 §6.8)."""

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[Event]]:
        event = ConnectionTerminated()
        event.last_stream_id = frame.last_stream_id
        return [], [event]


def _protocol(settings: HTTPSettings) -> Protocol:
    protocol = _Protocol(H2Configuration(client_side=True, header_encoding=None))
    protocol.local_settings = Settings(
        client=True,
        initial_values={
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW,
            SettingCodes.MAX_HEADER_LIST_SIZE: min(
                settings.max_response_header, _MOST_HEADER_BYTES
            ),
        },
    )
    return protocol


class FrameLengths:
    """Looks at the lengths of frames, so that none is waited for that is too long.

    The library looks when a frame is here: what is no HTTP/2 may seem to be megabytes.
    """

    __slots__ = ("_header", "_left")

    def __init__(self) -> None:
        self._header = b""
        self._left = 0

    def check(self, data: bytes) -> None:
        """Look at more bytes. Raises `ProtocolError`."""
        at = 0
        while at < len(data):
            if self._left == 0:
                at = self._read_header(data, at)
            step = min(self._left, len(data) - at)
            self._left -= step
            at += step

    def _read_header(self, data: bytes, at: int) -> int:
        """Read the header of a frame, or its beginning; return the place after it."""
        end = at + _FRAME_HEADER - len(self._header)
        self._header += data[at:end]
        if len(self._header) == _FRAME_HEADER:
            self._left = int.from_bytes(self._header[:3], "big")
            self._header = b""
            if self._left > _LONGEST_FRAME:
                raise ProtocolError("a frame is too long, or is none")
        return min(end, len(data))


class H2Connection(asyncio.Protocol):
    """One connection. It is told to its owner when it is gone."""

    def __init__(
        self,
        settings: HTTPSettings,
        start: Start,
        scheme: str,
        on_lost: Callable[[H2Connection], None],
    ) -> None:
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self.start = start
        self._scheme = scheme.encode()
        self._on_lost = on_lost
        self._streams: dict[int, H2Stream] = {}
        self._leaving = False
        self._gone = False
        self._idle_timer: asyncio.TimerHandle | None = None
        self._drained: asyncio.Event = asyncio.Event()
        self._drained.set()
        self._frames = FrameLengths()
        self._greeted = asyncio.Event()
        self.protocol = _protocol(settings)

    # What the loop calls ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: say our settings."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.set_write_buffer_limits(high=65_536)
        self.protocol.initiate_connection()
        self.protocol.increment_flow_control_window(_CONNECTION_WINDOW)
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Take frames."""
        try:
            self._frames.check(data)
            events = self.protocol.receive_data(data)
            for event in events:
                self._happened(event)
        except ProtocolError as error:
            self._fail(UpstreamError(f"the upstream broke HTTP/2: {error}"))
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everyone who waits."""
        how = f": {exc}" if exc is not None else ""
        self._gone = True
        self._fail(UnansweredError(f"the upstream closed the connection{how}"))
        self._on_lost(self)

    def pause_writing(self) -> None:
        """Let bodies wait."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Let bodies go on."""
        self._drained.set()

    # In --------------------------------------------------------------------------------------

    def _happened(self, event: Event) -> None:
        match event:
            case ConnectionTerminated():
                self._leave(event)
            case RemoteSettingsChanged():
                self._greeted.set()
                self._wake_senders()
            case WindowUpdated() if not event.stream_id:
                self._wake_senders()
            case _:
                stream = self._streams.get(getattr(event, "stream_id", None) or 0)
                if stream is not None:
                    self._happened_to(stream, event)
                elif isinstance(event, DataReceived):  # of a stream that nobody reads any more
                    self.protocol.acknowledge_received_data(
                        event.flow_controlled_length or 0, event.stream_id or 0
                    )

    def _happened_to(self, stream: H2Stream, event: Event) -> None:
        match event:
            case InformationalResponseReceived():
                stream.informed(event.headers or [])
            case ResponseReceived():
                stream.responded(event.headers or [], ended=event.stream_ended is not None)
            case DataReceived():
                stream.fed(event.data or b"", event.flow_controlled_length or 0)
            case TrailersReceived():
                stream.trailed(event.headers or [])
            case StreamEnded():
                stream.ended()
            case StreamReset():
                code = event.error_code
                stream.reset(
                    f"the upstream reset the stream: {getattr(code, 'name', code)}",
                    refused=code == ErrorCodes.REFUSED_STREAM,
                )
            case WindowUpdated():
                stream.wake()

    def _leave(self, event: ConnectionTerminated) -> None:
        """Open no more streams; the upstream has not seen those after its last one."""
        self._leaving = True
        last = event.last_stream_id or 0
        for number, stream in list(self._streams.items()):
            if number > last:
                stream.reset("the upstream closes the connection", refused=True)
        self._close_if_done()

    def _wake_senders(self) -> None:
        for stream in list(self._streams.values()):
            stream.wake()

    # Out ----------------------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether another request can be sent."""
        if not self._greeted.is_set() and self._streams:
            return False  # how many it takes is not known yet
        return (
            not (self._gone or self._leaving)
            and self.protocol.open_outbound_streams
            < self.protocol.remote_settings.max_concurrent_streams
        )

    async def greeted(self) -> None:
        """Wait until the upstream has said its settings, or is gone."""
        await self._greeted.wait()

    async def run(self, outgoing: Outgoing, more: tuple[Field, ...], inform: Inform) -> H2Reply:
        """Send a request, with `more` fields, and return the response when its head is there."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        try:
            number = self.protocol.get_next_available_stream_id()
        except NoAvailableStreamIDError:
            self._leaving = True
            raise _refused("the connection has no more streams") from None
        stream = self._streams[number] = H2Stream(self, number, head_only=outgoing.method == "HEAD")
        try:
            self.protocol.send_headers(
                number, self._headers(outgoing, more), end_stream=outgoing.content is None
            )
            self.flush()
            if outgoing.content is not None:
                stream.send(outgoing.content)
            return await stream.answer(inform, sent=outgoing.content is None)
        except ProtocolError as error:
            stream.close()
            raise UpstreamError(f"HTTP/2 cannot carry the request: {error}") from error
        except BaseException:
            stream.close()
            raise

    def _headers(self, outgoing: Outgoing, more: tuple[Field, ...]) -> list[Any]:
        fields = [field for field in outgoing.fields if field[0] != b"host"]
        host = next(value for name, value in outgoing.fields if name == b"host")
        if outgoing.content is not None and outgoing.content.length is not None:
            fields.append((b"content-length", b"%d" % outgoing.content.length))
        return [
            (b":method", outgoing.method.encode("ascii", "replace")),
            (b":scheme", self._scheme),
            (b":authority", host),
            (b":path", outgoing.target),
            *fields,
            *more,
        ]

    def flush(self) -> None:
        """Write what there is to be sent."""
        data = self.protocol.data_to_send()
        if data and not self._gone:
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the upstream takes more."""
        await self._drained.wait()

    # The end -------------------------------------------------------------------------------------

    def forget(self, number: int) -> None:
        """Let go of a stream that is over."""
        self._streams.pop(number, None)
        self._close_if_done()
        timeout = self.settings.keeping.timeout
        if not (self._streams or self._gone) and timeout is not None and self._idle_timer is None:
            self._idle_timer = self.loop.call_later(timeout, self.retire)

    def retire(self) -> None:
        """Close when the last response is through."""
        self._leaving = True
        self._close_if_done()

    def _close_if_done(self) -> None:
        enough = not self.settings.keeping.enabled
        if (self._leaving or enough) and not self._streams and not self._gone:
            self._gone = True
            self.protocol.close_connection()
            self._transport.write(self.protocol.data_to_send())
            self._transport.close()

    def _fail(self, error: UpstreamError) -> None:
        """End all that is under way."""
        self._leaving = True
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        for stream in list(self._streams.values()):
            stream.failed(error)
        self._streams.clear()
        self._drained.set()
        self._greeted.set()
        if not self._gone:
            self.flush()
            self._gone = True
            self._transport.close()


def _refused(why: str) -> UnansweredError:
    error = UnansweredError(why)
    error.refused = True
    return error
