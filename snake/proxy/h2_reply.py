"""H2Reply: a response that comes in a stream of HTTP/2, read as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snake.proxy.arriving import ArrivingReply
from snake.proxy.contract import Field

if TYPE_CHECKING:
    from snake.proxy.h2_stream import H2Stream

Head = tuple[int, list[Field]]


class H2Reply(ArrivingReply):
    """The response and its body. Its stream feeds it."""

    __slots__ = ("_owed", "_stream")

    def __init__(self, stream: H2Stream, head: Head) -> None:
        super().__init__("2.0", *head)
        self._stream = stream
        self._owed = 0

    # What the stream calls --------------------------------------------------------------

    def feed(self, data: bytes, cost: int) -> None:
        """Take a piece of the body, of which `cost` bytes are to be given back to the window."""
        self._owed += cost
        if data:
            self._keep(data)

    def finish(self) -> None:
        """Take the end."""
        self._end()

    def broke(self, why: str) -> None:
        """Take an end before the end."""
        self._break(why)

    def _taken(self) -> None:
        owed, self._owed = self._owed, 0
        if owed:
            self._stream.acknowledge(owed)

    # What the proxy calls ------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the stream, which is reset if not all was read. May be repeated."""
        self.broke("the response was closed")
        self._take()
        self._stream.close()
