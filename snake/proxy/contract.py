"""The contract between the reverse proxy and the transports that carry its requests.

A transport knows how to speak to one upstream, and nothing of which one is asked
or of what happens when it fails: the proxy decides that. What a transport raises
says how far it came, since that decides whether another upstream may be tried.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from snake.core.errors import SnakeError
from snake.core.record import Record
from snake.http.request import Request
from snake.transport.asgi import Duplex

__all__ = [
    "BrokenReplyError",
    "Content",
    "DialError",
    "DialInfo",
    "Duplex",
    "Field",
    "Inform",
    "Outgoing",
    "Reply",
    "Transport",
    "UpstreamError",
    "UpstreamTimeoutError",
]

Field = tuple[bytes, bytes]
"""A header field; its name is in lower case."""

Inform = Callable[[int, Sequence[Field]], Awaitable[None]]
"""What passes a 1xx response on to the client, by its status and fields."""


class DialInfo(Record):
    """Where an upstream is: its placeholders are filled, its ranges are gone."""

    network: str
    """`tcp`, `tcp4`, `tcp6` or `unix`."""
    address: str
    """What is dialled: `host:port`, or the path of a socket."""
    host: str = ""
    port: str = ""


class Content(Protocol):
    """The body of a request, still to be read."""

    length: int | None
    """Its bytes; `None` when only its end will tell."""
    touched: bool
    """Whether any of it has been read, so that it cannot be sent again."""

    @property
    def trailers(self) -> Sequence[Field]:
        """The fields after the body that may go on; complete when it has been read to its end."""
        ...

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end.

        Raises `ClientDisconnectedError` when the client went away before.
        """
        ...


class Outgoing(Record):
    """A request as an upstream is to get it: every field, `host` too, without hop-by-hop ones."""

    request: Request
    """The client's request, as the routes left it: placeholders are filled from it."""
    method: str
    target: bytes
    """Path and query."""
    fields: list[Field]
    content: Content | None = None
    upgrade: bytes = b""
    """The protocol that the client wants to change to; empty for none."""


class Reply(Protocol):
    """The response of an upstream, whose body is still to be read."""

    status: int
    version: str
    """Of HTTP: `1.1`, `1.0` or `2.0`."""
    fields: list[Field]
    duplex: Duplex | None
    """After a 101: the connection itself."""

    @property
    def trailers(self) -> list[Field]:
        """The fields after the body; complete when it has been read to its end."""
        ...

    def ready(self) -> bytes | None:
        """Return the whole body if it is here already, else `None`. Costs no turn of the loop."""
        ...

    def begun(self) -> bool:
        """Whether some of the body is here, so that `read` returns at once."""
        ...

    async def read(self) -> bytes:
        """Return the next piece, and `b""` at the end. Raises `BrokenReplyError`."""
        ...

    def close(self) -> None:
        """Let go of the connection: it is kept if all was read, else closed. May be repeated."""
        ...


class Transport(Protocol):
    """One way to reach upstreams (Caddy: a module of `http.reverse_proxy.transport`)."""

    encrypted: bool
    """Whether upstreams are reached by TLS, so that their Host is their own address."""

    async def round_trip(self, to: DialInfo, outgoing: Outgoing, inform: Inform) -> Reply:
        """Send a request, and return the response when its head is there.

        Cancelling it closes the connection to the upstream. Raises `DialError`,
        `UpstreamTimeoutError`, `UpstreamError`, or `ClientDisconnectedError` when the
        client's body broke off.
        """
        ...


class UpstreamError(SnakeError):
    """An upstream failed a request, which it may have seen: closed, or no HTTP."""


class DialError(UpstreamError):
    """No connection to the upstream: it has seen nothing of the request."""


class UnansweredError(UpstreamError):
    """A connection ended before the first byte of the response came."""

    refused = False
    """Whether the upstream said that it has not looked at the request."""


class UpstreamTimeoutError(UpstreamError):
    """An upstream took too long to begin its answer."""


class BrokenReplyError(UpstreamError):
    """A response ended before it was complete."""
