"""Flow: what both ends of a connection between worker and pool do when one is quicker."""

from __future__ import annotations

import asyncio
from typing import Any


class Flow(asyncio.Protocol):
    """A connection that holds up who writes too much, and can take no more for a while."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._room: asyncio.Future[None] | None = None
        self._paused = False

    def pause_writing(self) -> None:
        """Let whoever writes wait."""
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let whoever writes go on."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def write(self, data: bytes) -> None:
        """Send frames."""
        self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the other end has taken most of what was sent."""
        if self._room is not None:
            await asyncio.shield(self._room)

    def pause_reading(self) -> None:
        """Take no more from the other end."""
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take more from the other end."""
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()
