"""`GET /reverse_proxy/upstreams`: what the proxies know of their upstreams.

Source: https://caddyserver.com/docs/api#get-reverse-proxyupstreams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from snake.admin.answer import JSON, METHOD_NOT_ALLOWED, Answer
from snake.admin.endpoint import Endpoint
from snake.admin.gojson import escaped
from snake.admin.request import Request
from snake.core.record import Record


class Upstream(Record):
    """One upstream."""

    address: str
    """As it is written in the configuration."""
    num_requests: int
    """Requests that it is answering, of all workers."""
    fails: int
    """Failures that count still."""


def endpoints(upstreams: Callable[[], Iterable[Upstream]]) -> tuple[Endpoint, ...]:
    """Return the endpoint that tells of the upstreams."""

    async def told(request: Request) -> Answer:
        if request.method != "GET":
            raise METHOD_NOT_ALLOWED
        body = escaped(msgspec.json.encode(list(upstreams()))) + b"\n"
        return Answer(200, JSON, body)

    return (Endpoint("/reverse_proxy/upstreams", told),)
