"""StreamClient: what a handler does with its client beyond ASGI, over HTTP/2 (`asgi.Client`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from snake.transport.fields import Field, plain_fields
from snake.transport.http2.incoming import CONTINUE, IncomingBody
from snake.transport.http2.interim import interim_frame
from snake.transport.limits import Limits
from snake.transport.running import STREAMING

if TYPE_CHECKING:
    from snake.transport.http2.requests import Requests
    from snake.transport.tunnel import Tunnel


class StreamClient(IncomingBody):
    """The client of one stream."""

    __slots__ = ("_leave",)

    def __init__(self, connection: Requests) -> None:
        super().__init__(connection)
        self._leave: Callable[[], None] | None = None

    def limit(self, limits: Limits) -> None:
        """Have the stream end when the client is slower than this as well."""
        self.limits = self.connection.serving.limits_with(self.limits, limits)

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Call back when the client goes away before it is answered; at once, if it is gone."""
        self._leave = callback
        if self.gone:
            self.leave()

    def leave(self) -> None:
        """Tell whoever asked that the client is gone."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    async def inform(self, status: int, headers: Sequence[Field]) -> None:
        """Send an interim response, if the client can take one, and waits for it if it is a 100."""
        if self.state >= STREAMING or self.gone:
            return
        if status == CONTINUE:
            if not self.expects:
                return
            self.expects = False
        connection = self.connection
        if connection.can_inform:
            connection.interject(interim_frame(self.number, status, plain_fields(headers)))
        if connection.write_paused:
            await connection.drained()

    def take_over(self) -> Tunnel:
        """Raise: a stream is no connection."""
        raise RuntimeError("the protocol was not switched")
