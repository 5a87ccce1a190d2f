"""Requests: how the heads of an HTTP/2 connection become runs of the app, and how these end."""

from __future__ import annotations

from typing import Any

from snake.tls.secured import Secured, asgi_extension
from snake.transport.asgi import Scope
from snake.transport.http2.engine import (
    CANCEL,
    MOST_STREAMS,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    STREAM_CLOSED,
    H2FrameHeaders,
    H2Streams,
    HeaderMap,
)
from snake.transport.http2.nuisance import Silence
from snake.transport.http2.output import Output
from snake.transport.http2.stream import Stream
from snake.transport.http2.tunnel import StreamTunnel
from snake.transport.multiplexed import Address, Head, MalformedError, check_trailers
from snake.transport.refusal import RefusedError
from snake.transport.running import DONE
from snake.transport.scope import secure
from snake.transport.serve import Serving


class Requests(Output):
    """The requests of one client."""

    client: Address
    server: Address

    def __init__(self, serving: Serving, engine: H2Streams, secured: Secured | None) -> None:
        super().__init__(serving, engine)
        self.silence = Silence(serving.settings)
        self.streams: set[Stream] = set()
        """Those that are under way."""
        self.since = 0.0
        """When the last one ended."""
        self.can_inform = True
        """Whether interim responses can be sent."""
        self.running = 0
        """Apps that have not returned, whatever became of their streams."""
        self._secured = secured
        self._tls_extension = asgi_extension(secured) if secured else {}

    def open(self, stream: Stream, frame: H2FrameHeaders, *, ends: bool) -> None:
        """Begin a request."""
        self.nuisance.begin_request()
        self.engine.accepted(stream.number)
        if self.running >= MOST_STREAMS:  # apps of streams that were reset go on
            self.reject(stream.number, REFUSED_STREAM)
            return
        if self.serving.draining:
            self.warn()
        head = Head(
            "2", frame.method, frame.scheme, frame.authority, frame.path, frame.headers.raw_items()
        )
        stream.head_only = head.method == "HEAD"
        stream.complete = ends
        serving = self.serving
        try:
            _check_pseudo(frame.status)
            if isinstance(stream, StreamTunnel):
                self._open_websocket(stream, head)
                return
            scope = serving.scopes.scope(head, self.client, self.server, stream)
        except MalformedError:
            self.reject(stream.number, PROTOCOL_ERROR)
        except RefusedError as error:
            self._refuse(stream, error)
        else:
            stream.expects = serving.scopes.expects and not ends
            self._secure(scope)
            self.streams.add(stream)
            serving.run(stream, scope)

    def _open_websocket(self, tunnel: StreamTunnel, head: Head) -> None:
        """Begin a WebSocket. Raises `MalformedError` or `RefusedError`."""
        from snake.transport.http2.websocket import WebSocket  # noqa: PLC0415  (few need it)

        serving = self.serving
        scope = serving.scopes.websocket_scope(head, self.client, self.server, tunnel)
        self._secure(scope)
        if serving.state is not None:
            scope["state"] = serving.state.copy()
        self.streams.add(tunnel)
        task = serving.start(WebSocket(self, tunnel, scope).run())
        serving.tasks.add(task)
        task.add_done_callback(serving.tasks.discard)

    def _secure(self, scope: Scope) -> None:
        """Say in a scope what protects its connection, whatever the client says that does."""
        scope["scheme"] = "http" if scope["type"] == "http" else "ws"
        if self._secured is not None:
            secure(scope, self._secured, self._tls_extension)

    def _refuse(self, stream: Stream, error: RefusedError) -> None:
        """Answer a request that the app is not to see."""
        fields = HeaderMap([(b"content-length", b"0"), *self.stamp()])
        verdict = self.engine.send_response_head(stream.number, error.status, fields, True)  # noqa: FBT003
        self.queued(0, verdict.flags)
        stream.state = DONE

    def take_trailers(self, stream: Any, frame: H2FrameHeaders) -> None:  # noqa: ANN401
        """Give a stream the fields after its body."""
        try:
            _check_pseudo(frame.method, frame.scheme, frame.authority, frame.path, frame.status)
            trailers = check_trailers(frame.headers.raw_items(), self.serving.settings)
        except MalformedError:
            self.reject(stream.number, PROTOCOL_ERROR)
        else:
            stream.finish_body(trailers)

    def reject(self, number: int, code: int) -> None:
        """Reset a stream for what the client did."""
        verdict = self.engine.reset_on_error(number, code)
        stream: Any = verdict.handle
        if stream is not None:
            stream.drop()
        if stream is None and code == STREAM_CLOSED:  # what was on its way when it was closed
            self.nuisance.idle()
        else:
            self.nuisance.reset()
        self.heed(verdict.flags)

    def reset(self, stream: Stream, code: int) -> None:
        """End a stream that cannot be finished."""
        verdict = self.engine.reset_stream(stream.number, code)
        self.heed(verdict.flags)
        stream.drop()

    def finished(self, stream: Stream) -> None:
        """Count a stream out that is answered, or gone."""
        self.streams.discard(stream)
        self.since = self.serving.clock.now
        if self.serving.closing and not self.streams:
            self.serving.soon(self.close_when_idle)

    def warn(self) -> None:
        """Ask the client to make no more requests here, in two steps (RFC 9113 §6.8).

        The first says so, and lets those that are on their way come in; when the client has
        answered the PING behind it, the second says which was the last.
        """
        if not self.is_ending and self.nuisance.requests:
            self.heed(self.engine.begin_graceful_shutdown())
            self.tell_tunnels(websockets=False)

    def tell_tunnels(self, *, websockets: bool) -> None:
        """Tell what handlers have taken over, and WebSockets, that the server wants to stop."""
        for stream in list(self.streams):
            if isinstance(stream, StreamTunnel) and (websockets or stream.is_taken_over):
                stream.drain(self.serving.patience)

    def cut_streams(self) -> float:
        """End all streams but tunnels that may go on; return until when they may, or 0."""
        left = 0.0
        for stream in list(self.streams):
            due = stream.farewell.due if isinstance(stream, StreamTunnel) else 0.0
            left = max(left, due)
            if not due:
                self.reset(stream, CANCEL)
        return left


def _check_pseudo(*fields: str | int | None) -> None:
    """Refuse pseudo-fields that may not be where they are. Raises `MalformedError`."""
    if any(field is not None for field in fields):
        raise MalformedError
