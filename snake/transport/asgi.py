"""ASGI's words, and the two ways in which an app and the transport part early.

The transport is ASGI 3 (https://asgi.readthedocs.io/en/latest/specs/www.html)
with additions, which the routes use: an app may raise `AbortError` to have the
connection closed with no answer; a start message may carry `"server_header": False`
to go out without a Server field, `"sniff": True` to get a Content-Type, if it has none,
from the first bytes of its body, and `"chunked": True` to have no Content-Length made
for it; `"upgrade": b"..."` with the status 101 switches to that protocol; one with
`"replaces": True` takes the place of one before it of which nothing was
sent yet; and the extension `CLIENT`. The transport's `send` has an attribute `status`: that of
the response, and 0 as long as there is none.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:  # a process that only runs an app has this file, and no msgspec
    from snake.transport.limits import Limits

log = logging.getLogger("snake.http")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Whole = Callable[[Message, bytes], bool]
"""What a `send` may have as its attribute `whole`: it takes the start and the body of a response.

It returns whether they are sent; if not, nothing is, and `send` takes them one by one. So a
response that waits for nothing needs no coroutine, and an app that made one returns `NOTHING`.
"""


NO_START: Message = {"type": "http.response.start", "status": 0}
"""What a `send` that notes the response has as its attribute `start`, as long as none was begun.

It has the message then, in `size` how long the body was until now, and in `given` how much the app
was given of that of the request. Who logs a request reads them, and does not have to stand between.
"""

HALF_CLOSE = "snake.half_close"
"""The extension of a scope whose client may still read after `http.disconnect`.

`send` goes on then, and raises as soon as it cannot.
"""


CLIENT = "snake.client"
"""The extension of a scope by which a handler deals with its client beyond ASGI: a `Client`."""


class Duplex(Protocol):
    """A connection after `101 Switching Protocols`: bytes both ways."""

    async def read(self) -> bytes:
        """Return what came, and `b""` when the other side has closed its own."""
        ...

    async def write(self, data: bytes) -> None:
        """Send, and wait while too much is on its way. Raises `OSError` when it cannot."""
        ...

    def end(self) -> None:
        """Close this side only: nothing more is sent."""
        ...

    def close(self) -> None:
        """Close. May be repeated."""
        ...


class ClientDuplex(Duplex, Protocol):
    """The client's side of a tunnel, which has to end when the server does."""

    def when_drained(self, callback: Callable[[], None], after: float = 0.0) -> None:
        """Call back when the server wants to stop.

        Where another one has taken over, as in a reload, that is `after` seconds later.
        """
        ...


class Client(Protocol):
    """The client of one request."""

    @property
    def trailers(self) -> list[tuple[bytes, bytes]]:
        """The fields after the request's body; complete when all of it was received."""
        ...

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Call back when the client goes away before it is answered; at once, if it is gone."""
        ...

    def limit(self, limits: Limits) -> None:
        """Have the connection end, or the stream, when the client is slower than this as well."""
        ...

    async def inform(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send an interim response, if the client can take one."""
        ...

    def take_over(self) -> ClientDuplex:
        """Return the connection, after a start message with `upgrade` was sent."""
        ...


TARGET = "snake.target"
"""The key in a scope of the target as sent, where that is not what path and query make.

It is a whole URL, or ends with a `?` and nothing behind it.
"""


class AbortError(Exception):
    """Close the connection and answer nothing. Raised by the app, understood by the transport."""


class ClientDisconnectedError(OSError):
    """The client is gone; what `send` was given is for nobody (ASGI HTTP spec 2.4)."""


class AppError(RuntimeError):
    """What the app sent is no response. Raised by `send`, into the app."""


class ResponseStartedError(RuntimeError):
    """A second response was started. Raised by the transport's `send`.

    An error page that comes too late meets it: the first response cannot be
    taken back, so the connection has to end.
    """


class _Nothing:
    """What is there to wait for when nothing is; it may be awaited again and again."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return iter(())  # type: ignore[return-value]


NOTHING: Awaitable[None] = _Nothing()
"""Returned in place of a coroutine by what is done already."""


async def raising(error: BaseException) -> None:
    """Raise an error where others are waited for."""
    raise error


APP = "snake.app"
"""The key in a scope at which a handler leaves the name of the app that it runs, for the log."""


WAITED = "snake.waited"
"""The key in a scope at which it says for how many seconds a WSGI app had no thread for it."""


def report_unfinished(scope: Scope) -> None:
    """Log that an app returned with its response not begun, or not complete."""
    fields = {
        "app": scope.get(APP, ""),
        "method": scope.get("method", "GET"),
        "path": scope["path"],
    }
    log.error("the app returned before its response was complete", extra={"fields": fields})


def decode_path(raw_path: bytes) -> str:
    """Decode a path: percent-encoding, then UTF-8 with surrogates for what is not."""
    if b"%" in raw_path:
        raw_path = unquote_to_bytes(raw_path)
    return raw_path.decode("utf-8", "surrogateescape")
