"""`GET /snake/status`: all that there is to know of a snake that runs, as JSON.

Caddy has nothing like it. `metrics.report` says what stands in it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from snake.admin.answer import JSON, METHOD_NOT_ALLOWED, Answer
from snake.admin.endpoint import Endpoint
from snake.admin.request import Request
from snake.metrics.report import Report


def endpoints(report: Callable[[], Report]) -> tuple[Endpoint, ...]:
    """Return the endpoint that tells what `report` does."""

    async def status(request: Request) -> Answer:
        if request.method != "GET":
            raise METHOD_NOT_ALLOWED
        return Answer(200, JSON, msgspec.json.encode(report()) + b"\n")

    return (Endpoint("/snake/status", status),)
