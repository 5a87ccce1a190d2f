"""Told: what placeholders tell of a proxied request: `{http.reverse_proxy.*}`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

from snake.core.record import Record
from snake.http.errors import HandlerError, status_text
from snake.http.fields import canonical
from snake.http.handler import Send
from snake.http.request import Request
from snake.proxy.backend import Backend, written
from snake.proxy.contract import DialInfo, Field, Reply


class Held(Record):
    """A response that is not sent to the client, unless `copy_response` does so."""

    fields: Sequence[Field]
    copy: Callable[[Send, int | None], Awaitable[None]]
    """Sends it, with another status if one is given."""


class Told:
    """What is known of one request on its way through a proxy; computed when asked for."""

    __slots__ = (
        *("backend", "began", "finished", "held", "is_transport_error", "replied", "reply"),
        *("retries", "sent", "to"),
    )

    def __init__(self) -> None:
        self.began = perf_counter()
        """When the proxy got the request."""
        self.sent = 0.0
        """When the last upstream got it."""
        self.replied = 0.0
        """When the head of the response was there."""
        self.finished = 0.0
        """When the response was through; 0 until then."""
        self.retries = 0
        """How often it was tried again."""
        self.is_transport_error: bool | None = None
        """Set while `retry_match` looks at a request that got no response."""
        self.backend: Backend | None = None
        self.to: DialInfo | None = None
        self.reply: Reply | None = None
        self.held: Held | None = None
        """The response that `handle_response` deals with."""

    def begin(self) -> None:
        """Begin anew: another proxy has it, and what the one before has told stays till then."""
        self.began = perf_counter()
        self.retries = 0

    def value(self, name: str) -> object:
        """Return the value of `http.reverse_proxy.<name>`; `None` when it is not known (yet)."""
        if name.startswith("header."):
            return self._header(name[7:])
        get = _VALUES.get(name)
        return get(self) if get is not None else None

    def _header(self, name: str) -> str | None:
        # Caddy knows them by their names in canonical form alone.
        if self.reply is None or canonical(name) != name:
            return None
        key = name.lower().encode("latin-1", "replace")
        values = [value for field, value in self.reply.fields if field == key]
        return b",".join(values).decode("utf-8", "surrogateescape") if values else None


def _of(part: Callable[[DialInfo], object]) -> Callable[[Told], object]:
    return lambda told: part(told.to) if told.to is not None else None


def _upstream(part: Callable[[Backend], object]) -> Callable[[Told], object]:
    return lambda told: part(told.backend) if told.backend is not None else None


def _reply(part: Callable[[Reply], object]) -> Callable[[Told], object]:
    return lambda told: part(told.reply) if told.reply is not None else None


def _seconds(
    part: Callable[[Told], float | None],
) -> tuple[Callable[[Told], object], Callable[[Told], object]]:
    """Return the getters of a duration: as text in seconds, and as a number of milliseconds."""

    def text(told: Told) -> str | None:
        seconds = part(told)
        return None if seconds is None else f"{seconds:.6f}s"

    def number(told: Told) -> float | None:
        seconds = part(told)
        return None if seconds is None else seconds * 1000

    return text, number


_LATENCY = _seconds(lambda told: told.replied - told.sent if told.replied else None)
_TOTAL = _seconds(lambda told: told.finished - told.began if told.finished else None)
_UPSTREAM = _seconds(lambda told: told.finished - told.sent if told.finished else None)

_VALUES: dict[str, Callable[[Told], object]] = {
    "upstream.address": _of(written),
    "upstream.hostport": _of(lambda to: to.address),
    "upstream.host": _of(lambda to: to.host),
    "upstream.port": _of(lambda to: to.port or "0"),
    "upstream.requests": _upstream(lambda backend: backend.host.requests),
    "upstream.max_requests": _upstream(lambda backend: backend.max_requests),
    "upstream.fails": _upstream(lambda backend: backend.host.fails),
    "upstream.latency": _LATENCY[0],
    "upstream.latency_ms": _LATENCY[1],
    "upstream.duration": _UPSTREAM[0],
    "upstream.duration_ms": _UPSTREAM[1],
    "duration": _TOTAL[0],
    "duration_ms": _TOTAL[1],
    "is_transport_error": lambda told: told.is_transport_error,
    "retries": lambda told: told.retries if told.finished else None,
    "status_code": _reply(lambda reply: reply.status),
    "status_text": _reply(lambda reply: f"{reply.status} {status_text(reply.status)}".rstrip()),
}


def held_by(request: Request, directive: str) -> Held:
    """Return the response that a `handle_response` of this request deals with.

    Raises `HandlerError` where there is none.
    """
    told = request.proxied
    if isinstance(told, Told) and told.held is not None:
        return told.held
    raise HandlerError(
        500, f"cannot use '{directive}' outside of reverse_proxy's handle_response routes"
    )
