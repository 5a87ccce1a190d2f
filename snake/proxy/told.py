"""Told: what placeholders tell of a proxied request: `{http.reverse_proxy.*}`."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from snake.http.errors import status_text
from snake.proxy.contract import DialInfo, Reply
from snake.proxy.pool import Upstream, network_address


class Told:
    """What is known of one request on its way through a proxy; computed when asked for."""

    __slots__ = ("began", "finished", "replied", "reply", "retries", "sent", "to", "upstream")

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
        self.upstream: Upstream | None = None
        self.to: DialInfo | None = None
        self.reply: Reply | None = None

    def value(self, name: str) -> object:
        """Return the value of `http.reverse_proxy.<name>`; `None` when it is not known (yet)."""
        if name.startswith("header."):
            return self._header(name[7:])
        get = _VALUES.get(name)
        return get(self) if get is not None else None

    def _header(self, name: str) -> str | None:
        if self.reply is None:
            return None
        key = name.lower().encode("latin-1", "replace")
        values = [value for field, value in self.reply.fields if field == key]
        return b",".join(values).decode("utf-8", "surrogateescape") if values else None


def _of(part: Callable[[DialInfo], object]) -> Callable[[Told], object]:
    return lambda told: part(told.to) if told.to is not None else None


def _upstream(part: Callable[[Upstream], object]) -> Callable[[Told], object]:
    return lambda told: part(told.upstream) if told.upstream is not None else None


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
    "upstream.address": _of(network_address),
    "upstream.hostport": _of(lambda to: to.address),
    "upstream.host": _of(lambda to: to.host),
    "upstream.port": _of(lambda to: to.port or "0"),
    "upstream.requests": _upstream(lambda upstream: upstream.requests),
    "upstream.max_requests": _upstream(lambda upstream: upstream.max_requests),
    "upstream.fails": _upstream(lambda upstream: upstream.fails),
    "upstream.latency": _LATENCY[0],
    "upstream.latency_ms": _LATENCY[1],
    "upstream.duration": _UPSTREAM[0],
    "upstream.duration_ms": _UPSTREAM[1],
    "duration": _TOTAL[0],
    "duration_ms": _TOTAL[1],
    "retries": lambda told: told.retries if told.finished else None,
    "status_code": _reply(lambda reply: reply.status),
    "status_text": _reply(lambda reply: f"{reply.status} {status_text(reply.status)}".rstrip()),
}
