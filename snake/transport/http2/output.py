"""Output: what the streams of an HTTP/2 connection send, written together once a turn."""

from __future__ import annotations

from typing import Any

from snake.transport.flow import Flow
from snake.transport.http2.engine import (
    H2_FLAG_CAPACITY,
    H2_FLAG_CONN_DONE,
    H2_FLAG_STOP_ACCEPTING,
    H2Streams,
)
from snake.transport.http2.nuisance import Nuisance
from snake.transport.http2.stream import Stream
from snake.transport.serve import Serving

_QUEUE = 65_536
"""Bytes that the engine may have before they go to the transport."""
_EFFECTS = H2_FLAG_CAPACITY | H2_FLAG_CONN_DONE | H2_FLAG_STOP_ACCEPTING


class Output(Flow):
    """The way out of the engine."""

    def __init__(self, serving: Serving, engine: H2Streams) -> None:
        super().__init__(serving.settings.write_high_water, serving.context)
        self.serving = serving
        self.engine = engine
        self.nuisance = Nuisance()
        self._ready: list[Stream] = []
        self._queued = 0
        self.is_reading = False
        self._is_scheduled = False
        self._stamp: list[tuple[bytes, bytes]] = []
        self._stamp_date = b""

    def queued(self, count: int, flags: int) -> None:
        """Note that the engine has something to write, `count` bytes of a body in it."""
        if count:
            self.nuisance.useful()
            self._queued += count
            if self._queued >= _QUEUE:
                self.send_queued()
        if flags & _EFFECTS:
            self.heed(flags)
        else:
            self.schedule()

    def interject(self, frame: bytes) -> None:
        """Write a frame of our own behind those of the engine."""
        self.send_queued()
        self.write(frame)

    def release(self, number: int, count: int, *, counted: bool) -> None:
        """Let the client send as much again of a body."""
        if counted:
            self.engine.release_data_frame(number, count)
        if self.engine.release_capacity(number, count):
            self.schedule()

    def stamp(self) -> list[tuple[bytes, bytes]]:
        """Return the fields that the transport adds to a head that has not got them."""
        clock = self.serving.clock
        if self._stamp_date is not clock.date:
            self._stamp_date = clock.date
            self._stamp = [(b"date", clock.date[6:-2])]
            server = self.serving.settings.server_header
            if server:
                self._stamp.append((b"server", server))
        return self._stamp

    def pump_later(self, stream: Stream) -> None:
        """Have a stream go on when the client has taken more."""
        self._ready.append(stream)

    def wake(self, streams: list[Any]) -> None:
        """Have streams go on that wait for a window, or for the socket."""
        self._ready += [stream for stream in streams if stream.waits]
        if self._ready:
            self.schedule()

    def schedule(self) -> None:
        """Have all that is to be sent be sent in the next turn, if not in this one."""
        if not (self.is_reading or self._is_scheduled):
            self._is_scheduled = True
            self.serving.soon(self.write_out)

    def write_out(self) -> None:
        """Send what there is to send."""
        self._is_scheduled = False
        if self.gone:
            return
        if not self.write_paused:
            ready, self._ready = self._ready, []
            for stream in dict.fromkeys(ready):
                stream.pump()
        self.send_queued()

    def send_queued(self) -> None:
        """Hand what the engine has written to the transport."""
        self._queued = 0
        view, _ = self.engine.take_pending()
        data = bytes(view)
        view.release()
        if data:
            self.write(data)
            if not self.write_paused:
                self.credit()

    def credit(self) -> None:
        """Tell the engine that the transport has taken what it was given."""
        self.wake(self.engine.credit_written())

    def heed(self, flags: int) -> None:
        """Do what the engine asks for after a call."""
        if not flags:
            return
        self.schedule()
        if flags & H2_FLAG_CAPACITY:
            stream: Any = self.engine.next_capacity_wake()
            if stream is not None:
                self.wake([stream])
        if flags & (H2_FLAG_CONN_DONE | H2_FLAG_STOP_ACCEPTING):
            self.serving.soon(self.close_when_idle)

    @property
    def is_ending(self) -> bool:
        """Whether nothing is asked any more."""
        raise NotImplementedError

    def close_when_idle(self) -> None:
        """Close, if nothing is being asked."""
        raise NotImplementedError
