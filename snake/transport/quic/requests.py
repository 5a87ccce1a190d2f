"""Requests: those of one client: how they begin, what they ask of the connection, how they end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from aioquic.h3.connection import ErrorCode
from aioquic.quic.events import QuicEvent, StreamDataReceived

from snake.transport.asgi import ClientDisconnectedError, Scope
from snake.transport.limits import Limits
from snake.transport.multiplexed import MalformedError, check_trailers
from snake.transport.quic.connection import MOST_STREAMS
from snake.transport.quic.head import read_head, read_trailers
from snake.transport.quic.http3 import HTTP3, Fields
from snake.transport.quic.stream import Stream
from snake.transport.quic.tunnel import StreamTunnel
from snake.transport.refusal import RefusedError
from snake.transport.running import DONE
from snake.transport.scope import secure
from snake.transport.start import answer_options

if TYPE_CHECKING:
    from snake.transport.quic.endpoint import Endpoint
    from snake.transport.quic.session import Session

log = logging.getLogger("snake.http")

_MOST_IN_FLIGHT = 4_194_304
"""Bytes on their way to one client; no more are taken from apps then."""
_MOST_RESETS = 100
"""Requests that a client may break off, beside half of all its requests (CVE-2023-44487)."""
_MOST_ODD = 1000
"""The same of streams on which no request was, beside two for each request."""
_TURN = 0.01
"""Seconds after which an app that only sends lets others have their turn."""


class Requests:
    """What one client asks for."""

    def __init__(self, session: Session, endpoint: Endpoint) -> None:
        self.settings = endpoint.settings
        self.quic = session.quic
        self._session = session
        self.serving = endpoint
        self._loop = asyncio.get_running_loop()
        self._http3 = HTTP3(session.quic, self, self.settings.max_header_bytes)
        self.stalled: set[Stream] = set()
        """Those that wait for the client to take something."""
        self._streams: dict[int, Stream] = {}
        self._count = 0
        self._body = 0
        self._resets = 0
        self._odd = 0
        self.running = 0
        """Apps that have not returned, whatever became of their streams."""
        self.client, self.server = session.client, session.server
        self._turn = 0.0
        self._refuses_from: int | None = None

    def __bool__(self) -> bool:
        """Whether anything is being answered, or is on its way to the client."""
        return bool(self._streams)

    @property
    def now(self) -> float:
        """The time of the last tick."""
        return self.serving.clock.now

    @property
    def limits(self) -> tuple[Limits, ...]:
        """What holds for a request that has no limits of its own."""
        return self.serving.limits

    # What the session calls ---------------------------------------------------------------

    def warn(self) -> None:
        """Ask the client to make no more requests here."""
        self._http3.go_away()
        self.tell_tunnels(websockets=False)

    def refuse_more(self) -> None:
        """Take no more requests than those that have begun."""
        if self._refuses_from is None:
            self._refuses_from = self.quic.next_stream
            self._http3.go_away(self._refuses_from)

    def tell_tunnels(self, *, websockets: bool) -> None:
        """Tell what handlers have taken over, and WebSockets, that the server wants to stop."""
        for stream in list(self._streams.values()):
            if isinstance(stream, StreamTunnel) and (websockets or stream.is_taken_over):
                stream.drain(self.serving.patience)

    def cut_streams(self) -> float:
        """End all streams but tunnels that may go on; return until when they may, or 0."""
        left = 0.0
        for stream in list(self._streams.values()):
            due = stream.farewell.due if isinstance(stream, StreamTunnel) else 0.0
            left = max(left, due)
            if not due:
                self.give_up(stream, ErrorCode.H3_REQUEST_CANCELLED)
        return left

    def sweep(self) -> None:
        """Drop those of which the client has everything."""
        for stream in list(self._streams.values()):
            if stream.state == DONE and self.quic.acknowledged(stream.id) is None:
                self._forget(stream)

    def enforce(self, now: float) -> None:
        """End those whose client is too slow."""
        for stream in list(self._streams.values()):
            if stream.is_late(now, self.serving.clock.tick):
                self.give_up(stream, ErrorCode.H3_REQUEST_CANCELLED)

    def wake(self) -> None:
        """Let apps go on that waited for the client to take something."""
        for stream in list(self.stalled):
            if self.has_room(stream.id):
                self.stalled.discard(stream)
                stream.wake()

    def drop_all(self) -> None:
        """Tell every app that its client is gone."""
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.drop()

    def hear_data(self, event: StreamDataReceived) -> None:
        """Take what came on a stream."""
        before, count = self._body, len(event.data)
        self._http3.handle_event(event)
        # What was no body is granted again at once; what was, when it is taken.
        self.quic.grant(event.stream_id, count - (self._body - before))

    def hear_reset(self, event: QuicEvent, at: int) -> None:
        """Take the end of a stream that the client broke off, or will not hear any more."""
        self._http3.handle_event(event)
        stream = self._streams.pop(at, None)
        self._odd += 1
        if stream is not None:
            self._resets += stream.state != DONE
            self.quic.give_up(at, ErrorCode.H3_REQUEST_CANCELLED)
            self._note_end(at)
            stream.drop()
        self._judge()

    def _judge(self) -> None:
        """End a connection whose client breaks off too much."""
        if (
            self._resets > _MOST_RESETS + self._count // 2
            or self._odd > _MOST_ODD + 2 * self._count
        ):
            self._session.close(ErrorCode.H3_EXCESSIVE_LOAD, "too many requests were broken off")

    # What HTTP/3 says (`http3.Receiver`) -----------------------------------------------------

    def opened(self, stream_id: int, fields: Fields, *, ended: bool) -> None:
        """Begin a request."""
        self._count += 1
        if self._refuses_from is not None and stream_id >= self._refuses_from:
            self._reject(stream_id, ErrorCode.H3_REQUEST_REJECTED)
            return
        if self.running >= 2 * MOST_STREAMS:  # apps that go on when their clients are gone
            self._reject(stream_id, ErrorCode.H3_REQUEST_REJECTED)
            return
        is_tunnel = (b":protocol", b"websocket") in fields
        stream = (StreamTunnel if is_tunnel else Stream)(self, stream_id)
        self._streams[stream_id] = stream
        try:
            scope = self._scope(stream, fields, ended=ended)
        except MalformedError as error:
            log.debug("malformed request: %s", error)
            self._malformed(stream)
        except RefusedError as error:
            self._answer(stream, error.status)
        else:
            if isinstance(stream, StreamTunnel):
                self._open_websocket(stream, scope)
            else:
                self._run(stream, scope)

    def _open_websocket(self, tunnel: StreamTunnel, scope: Scope) -> None:
        # Few need it.
        from snake.transport.http2.websocket import WebSocket  # noqa: PLC0415

        # It asks of a connection, and of a tunnel, what these have as those of HTTP/2 do.
        self.serving.run(WebSocket(cast(Any, self), cast(Any, tunnel), scope).run())

    def _answer(self, stream: Stream, status: int) -> None:
        """Answer a request that the app is not to see."""
        with suppress(ClientDisconnectedError):
            stream.answer(status)

    def _scope(self, stream: Stream, fields: Fields, *, ended: bool) -> Scope:
        """Return the scope of a request. Raises `MalformedError` or `RefusedError`."""
        session, scopes = self._session, self.serving.scopes
        head, length = read_head(fields)
        stream.head_only = head.method == "HEAD"
        stream.expect(length)
        if ended and not stream.feed(b"", ended=True):
            raise MalformedError("there is no body")
        make = scopes.websocket_scope if head.is_websocket else scopes.scope
        scope = make(head, session.client, session.server, stream)
        stream.expects = scopes.expects
        # What protects it is known, whatever the client says that does.
        secure(scope, session.secured, session.extension)
        if self.serving.state is not None:
            scope["state"] = self.serving.state.copy()
        return scope

    def _run(self, stream: Stream, scope: Scope) -> None:
        endpoint = self.serving
        app = endpoint.app if scope["raw_path"] != b"*" else answer_options
        running = stream.begin(app, scope)
        if running is not None:
            self.running += 1
            endpoint.run(running, self._ran)

    def _ran(self, task: asyncio.Task[None]) -> None:
        del task
        self.running -= 1

    def too_long(self, stream_id: int) -> None:
        """Answer a request whose head is too long."""
        self._count += 1
        stream = Stream(self, stream_id)
        self._streams[stream_id] = stream
        self._answer(stream, 431)

    def came(self, stream_id: int, data: bytes, *, ended: bool) -> None:
        """Take some of a body."""
        self._body += len(data)
        stream = self._streams.get(stream_id)
        if stream is None:
            self.release(len(data))
            return
        if not stream.feed(data, ended=ended):
            self._malformed(stream)

    def trailed(self, stream_id: int, fields: Fields, *, ended: bool) -> None:
        """Take the fields after a body."""
        stream = self._streams.get(stream_id)
        if stream is None:
            return
        try:
            stream.trailers = check_trailers(read_trailers(fields), self.settings)
        except MalformedError:
            self._malformed(stream)
            return
        if ended and not stream.feed(b"", ended=True):
            self._malformed(stream)

    def _malformed(self, stream: Stream) -> None:
        self.give_up(stream, ErrorCode.H3_MESSAGE_ERROR)

    def _reject(self, stream_id: int, code: int) -> None:
        self.quic.give_up(stream_id, code)
        self._note_end(stream_id)
        self._session.flush_soon()

    def _note_end(self, stream_id: int) -> None:
        self._http3.gave_up(stream_id)
        self.quic.forget(stream_id)

    # What streams ask for ------------------------------------------------------------------

    def _check_open(self, stream_id: int) -> None:
        """Refuse to send on a stream of which the client has said meanwhile that it hears nothing.

        QUIC knows it at once; here it is heard when all that came before was.
        """
        if not self.quic.can_write(stream_id):
            self._resets += 1
            self._judge()
            raise ClientDisconnectedError("the client is gone")

    def respond(self, stream_id: int, fields: Fields, data: bytes, *, ended: bool) -> None:
        """Send a head, and some of the body. Raises `ClientDisconnectedError`, as all that send."""
        self._check_open(stream_id)
        self._http3.respond(stream_id, fields, data, ended=ended)
        self._session.flush_soon()

    def inform(self, stream_id: int, fields: Fields) -> None:
        """Send an interim response."""
        self._check_open(stream_id)
        self._http3.send_headers(stream_id, fields)
        self._session.flush_soon()

    def send_data(self, stream_id: int, data: bytes, *, ended: bool) -> None:
        """Send some of a body."""
        self._check_open(stream_id)
        if data:
            self._http3.send_data(stream_id, data, end_stream=ended)
        elif ended:
            self._http3.end(stream_id)
        self._session.flush_soon()

    def send_trailers(self, stream_id: int, fields: Fields) -> None:
        """Send the fields after a body, and its end."""
        self._check_open(stream_id)
        if fields:
            self._http3.send_headers(stream_id, fields, end_stream=True)
        else:
            self._http3.end(stream_id)
        self._session.flush_soon()

    def has_room(self, stream_id: int) -> bool:
        """Return whether an app may send more on a stream."""
        quic = self.quic
        return (
            quic.unsent(stream_id) <= self.settings.write_high_water
            and quic.in_flight <= _MOST_IN_FLIGHT
        )

    def turn_is_over(self) -> bool:
        """Whether others are to have their turn."""
        now = self._loop.time()
        if now - self._turn < _TURN:
            return False
        self._turn = now
        return True

    def acknowledged(self, stream_id: int) -> int | None:
        """Return how many bytes the client has of what it was sent; `None` if nothing waits."""
        return self.quic.acknowledged(stream_id)

    def grant(self, stream_id: int, count: int) -> None:
        """Let the client send as much more of a body."""
        if count:
            self.quic.grant(stream_id, count)
            self._session.flush_soon()

    def release(self, count: int) -> None:
        """Let the client send as much more, but of other bodies."""
        if count:
            self.quic.release(count)

    def answered(self, stream: Stream) -> None:
        """Go on after a response."""
        if not stream.complete:
            self.quic.decline(stream.id, ErrorCode.H3_NO_ERROR)
        self._session.flush_soon()

    def give_up(self, stream: Stream, code: int = ErrorCode.H3_INTERNAL_ERROR) -> None:
        """End a stream that cannot be finished."""
        self.quic.give_up(stream.id, code)
        self._forget(stream)
        stream.drop()
        self._session.flush_soon()

    def _forget(self, stream: Stream) -> None:
        self._streams.pop(stream.id, None)
        self._note_end(stream.id)

    def limits_with(self, own: tuple[Limits, ...], limits: Limits) -> tuple[Limits, ...]:
        """Return the limits of a request and one more."""
        return self.serving.limits_with(own, limits)

    def stamp(self, flags: int = 0) -> Fields:
        """Return the fields that the transport adds to a head that has not got them."""
        return self.serving.stamp(flags)
