"""HTTP1Client: what a handler does with its client beyond ASGI, over HTTP/1.1.

Interim responses, switching protocols, and hearing that the client is gone without asking for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from snake.transport.asgi import Message
from snake.transport.framing import interim_head, switching_head
from snake.transport.limits import Limits, Pace
from snake.transport.running import DONE, NEW, STREAMING, Running
from snake.transport.tunnel import Tunnel

if TYPE_CHECKING:
    from snake.transport.body import RequestBody
    from snake.transport.http1 import Connection

_CONTINUE, _EARLY_HINTS = 100, 103


class HTTP1Client(Running):
    """The client of one exchange."""

    __slots__ = ("_leave", "_seen", "_tunnel", "body", "connection", "expects", "gone", "http11",
                 "limits", "pace", "state")  # fmt: skip

    body: RequestBody | None
    connection: Connection
    http11: bool

    def __init__(self) -> None:
        self.state = NEW
        self.gone = False
        """Whether the client can be told nothing more."""
        self.expects = False
        """Whether the client still waits for a `100 Continue`."""
        self.limits: tuple[Limits, ...] = ()
        """How slow it may be; nothing where the server's own limits hold alone."""
        self.pace: Pace | None = None
        self._leave: Callable[[], None] | None = None
        self._seen = -1
        self._tunnel: Tunnel | None = None

    def limit(self, limits: Limits) -> None:
        """Have the connection end when the client is slower than this as well."""
        self.limits = self.connection.serving.limits_with(self.limits, limits)

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Call back when the client goes away before it is answered; at once, if it is gone."""
        self._leave = callback
        if self.gone:
            self.leave()

    def leave(self) -> None:
        """Tell whoever asked that the client is gone, or is taken for gone."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def look_after(self) -> None:
        """Take a client for gone that closed its side, and got nothing since the last look.

        It may only have shut it down; but most that do not ask any more do not listen either.
        """
        if self._leave is None:
            return
        if self._seen == self.connection.sent:
            self.leave()
        else:
            self._seen = self.connection.sent

    @property
    def trailers(self) -> list[tuple[bytes, bytes]]:
        """The fields after the request's body; complete when all of it was received."""
        return self.body.trailers if self.body is not None else []

    async def inform(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send an interim response, if the client can take one, and waits for it if it is a 100."""
        if self.state >= STREAMING or self.gone or not self.http11:
            return
        if status == _CONTINUE:
            if not self.expects:
                return
            self.expects = False
        self.connection.write(interim_head(status, headers))
        if self.connection.write_paused:
            await self.connection.drained()

    async def hint(self, message: Message) -> None:
        """Send links ahead of the response (ASGI's `http.response.early_hint`, RFC 8297)."""
        await self.inform(_EARLY_HINTS, [(b"link", link) for link in message["links"]])

    def _switch(self, message: Message) -> None:
        """Send a `101 Switching Protocols`; what follows is for `take_over`."""
        head = switching_head(message)
        stamp = self.connection.serving.clock.stamp
        self._leave = None
        self.state = DONE
        self.connection.write(head + stamp)
        self._tunnel = self.connection.take_over()

    def take_over(self) -> Tunnel:
        """Return the connection, after a start message with `upgrade` was sent."""
        if self._tunnel is None:
            raise RuntimeError("the protocol was not switched")
        return self._tunnel

    def _ended(self) -> None:
        """Close the connection, if it was taken over."""
        if self._tunnel is not None:
            self._tunnel.close()
