"""Retries: whether a request that failed is tried again, and when.

Source: Caddy's `LoadBalancing.tryAgain`. One thing is different on purpose: when a
backend could not be dialled and another is available, that one is tried at once,
also if no retries are configured. Such a request has reached nobody yet. So is a GET
or a HEAD that a backend has hung up on without a word, but by one other backend alone:
requests that crash a server must not get to all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter

import msgspec

from snake.config.struct import nanoseconds
from snake.core.modules import Context
from snake.core.record import Record
from snake.core.units import SECOND
from snake.http.matcher import Matcher, provision_set
from snake.http.request import Request
from snake.proxy.balancing import LoadBalancing
from snake.proxy.contract import DialError, Outgoing, UnansweredError, UpstreamError
from snake.proxy.told import Told

_INTERVAL = SECOND // 4
_GET = frozenset({"GET"})
_SAFE = frozenset({"GET", "HEAD"})
_EXPRESSION = "expression"


class NoUpstreamError(UpstreamError):
    """None of the upstreams is available."""


class RetryableReplyError(UpstreamError):
    """An upstream has answered with what `retry_match` says is to be tried again."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"upstream response matched retry_match (status {status})")


class Retries(Record):
    """When requests are tried again."""

    limit: int = 0
    """How often; 0 if only `duration` says so."""
    duration: float = 0
    """Seconds in which it may be; 0 if only `limit` says so."""
    interval: float = 0
    """Seconds from one try to the next, unless that is at once."""
    requests: tuple[Matcher, ...] | None = None
    """Which requests are tried again that an upstream may have seen; `None`: each GET."""
    replies: tuple[Matcher, ...] = ()
    """Which requests are tried again by the response that they got."""

    def at_once(self, error: UpstreamError, outgoing: Outgoing, told: Told, failed: int) -> bool:
        """Whether another backend may be tried now, of which `failed` have failed in a row."""
        if (self.limit or self.duration) and not self._are_left(told):
            return False
        if isinstance(error, DialError):
            return True
        return (
            isinstance(error, UnansweredError)
            and not _is_begun(outgoing)
            and (error.refused or (failed == 1 and self._may_repeat(outgoing, told, _SAFE)))
        )

    async def again(self, error: UpstreamError, outgoing: Outgoing, told: Told) -> bool:
        """Return whether to try again, when it is time to."""
        if not (self.limit or self.duration) or not self._are_left(told):
            return False
        if not isinstance(error, DialError | NoUpstreamError):
            if _is_begun(outgoing):
                return False
            wanted = isinstance(error, RetryableReplyError)
            if not wanted and not self._may_repeat(outgoing, told, _GET):
                return False
        if self.interval > 0:
            await asyncio.sleep(self.interval)
        return True

    def reply_matches(self, outgoing: Outgoing) -> bool:
        """Whether a request is tried again by the response that it got."""
        if not self.replies:
            return False
        request = as_sent(outgoing)
        return any(matches(request) for matches in self.replies)

    def _are_left(self, told: Told) -> bool:
        if self.limit and told.retries >= self.limit:
            return False
        return not 0 < self.duration <= perf_counter() - told.began

    def _may_repeat(self, outgoing: Outgoing, told: Told, methods: frozenset[str]) -> bool:
        """Whether it does no harm if upstreams get a request twice."""
        if self.requests is None:
            return outgoing.method in methods
        told.is_transport_error = True
        try:
            request = as_sent(outgoing)
            return any(matches(request) for matches in self.requests)
        finally:
            told.is_transport_error = None


def _is_begun(outgoing: Outgoing) -> bool:
    """Whether some of the body has been read, so that it cannot be sent again."""
    return outgoing.content is not None and outgoing.content.touched


def as_sent(outgoing: Outgoing) -> Request:
    """Return a request as it is sent, for matchers: rewritten, and with the proxy's fields."""
    request = outgoing.request.twin()
    path, _, query = outgoing.target.partition(b"?")
    request.scope["headers"] = outgoing.fields
    request.set_method(outgoing.method)
    request.set_path(path)
    request.set_query(query)
    return request


async def provision_retries(ctx: Context, balancing: LoadBalancing) -> Retries:
    """Compile when requests are tried again; `ctx` is at `load_balancing`."""
    duration, interval = nanoseconds(balancing.try_duration), nanoseconds(balancing.try_interval)
    if duration > 0 and interval == 0:
        interval = _INTERVAL
    sets: Sequence[Mapping[str, msgspec.Raw]] = balancing.retry_match
    matchers = [
        await provision_set(ctx.at("retry_match", index), dict(each))
        for index, each in enumerate(sets)
    ]
    return Retries(
        limit=max(balancing.retries, 0),
        duration=max(duration, 0) / SECOND,
        interval=max(interval, 0) / SECOND,
        requests=tuple(matchers) if sets else None,
        replies=tuple(
            matches for matches, names in zip(matchers, sets, strict=True) if _EXPRESSION in names
        ),
    )
