"""Flow: the bytes of one connection, in and out, with neither side faster than the other."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
import sys
from contextvars import Context

_TURN = 262_144
"""Bytes that one response may write before other connections get their turn."""
_MESSAGE = 1024
"""What a message costs beside its bytes, in bytes."""
_LOST = select.POLLERR | (select.POLLHUP if sys.platform == "linux" else 0)
"""What poll says of a socket that was reset. (Elsewhere, POLLHUP can be half a close.)"""
_NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST in place of FIN."""


class Flow(asyncio.Protocol):
    """What a connection does with its transport, whatever protocol is spoken on it."""

    __slots__ = ("_context", "_drained", "_high_water", "_messages", "_turn", "gone", "reading",
                 "sent", "taken", "taken_at", "transport", "write_paused")  # fmt: skip

    transport: asyncio.Transport

    def __init__(self, high_water: int, context: Context) -> None:
        self._context = context
        self._high_water = high_water
        self._drained: asyncio.Event | None = None
        self.reading = True
        """Whether the socket is read."""
        self.write_paused = False
        """Whether the client takes its response slower than the app makes it."""
        self.sent = 0
        """Bytes of responses, written or still waiting."""
        self.taken = 0
        """Bytes that the client had taken at the time `taken_at`."""
        self.taken_at = 0.0
        self._messages = 0
        self._turn = _TURN
        self.gone = False
        """Whether the socket is closed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = transport  # type: ignore[assignment]
        self.transport.set_write_buffer_limits(high=self._high_water)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let nobody wait for a client that is gone."""
        del exc
        self.gone = True
        self.resume_writing()

    # In ---------------------------------------------------------------------------

    def pause_reading(self) -> None:
        """Read no more, so that the client has to wait with sending."""
        if self.reading and not self.transport.is_closing():
            self.reading = False
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if not (self.reading or self.transport.is_closing()):
            self.reading = True
            # The loop will call back in the context of this call, which may be an app's.
            self._context.copy().run(self.transport.resume_reading)

    def is_lost(self) -> bool:
        """Whether the client is gone although nobody was told: the socket is not read."""
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), 0)
        return any(events & _LOST for _, events in poll.poll(0))

    # Out --------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """Let `send` wait."""
        self.write_paused = True

    def resume_writing(self) -> None:
        """Let `send` go on."""
        self.write_paused = False
        if self._drained is not None:
            self._drained.set()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.sent += len(data)
        self.transport.write(data)

    def turn_is_over(self) -> bool:
        """Whether a response in many messages has to let others go on before its next one.

        Its app would not wait for anything while the client is quick.
        """
        self._messages += 1
        spent = self.sent + self._messages * _MESSAGE
        if spent < self._turn:
            return False
        self._turn = spent + _TURN
        return True

    async def drained(self) -> None:
        """Wait until the client has taken most of what was written, or is gone."""
        while self.write_paused:
            if self._drained is None:
                self._drained = asyncio.Event()
            self._drained.clear()
            await self._drained.wait()

    async def flush(self) -> None:
        """Wait until all that was written is with the kernel."""
        self.transport.set_write_buffer_limits(high=0)
        await self.drained()
        self.transport.set_write_buffer_limits(high=self._high_water)

    async def writable(self, descriptor: int) -> None:
        """Wait until the client takes bytes, by a second descriptor of the same socket."""
        loop = asyncio.get_running_loop()
        self.write_paused = True
        loop.add_writer(descriptor, self.resume_writing)
        try:
            await self.drained()
        finally:
            loop.remove_writer(descriptor)

    def abort(self, *, reset: bool = False) -> None:
        """Close at once; what was not sent is lost. With `reset` the client sees an error."""
        if reset and not self.gone:
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()
