"""`POST /stop`: the graceful end."""

from __future__ import annotations

import logging

from snake.admin.answer import METHOD_NOT_ALLOWED, Answer
from snake.admin.endpoint import Endpoint
from snake.admin.request import Request
from snake.admin.running import Running

logger = logging.getLogger("snake.admin.api")


def endpoints(running: Running) -> tuple[Endpoint, ...]:
    """Return the endpoint that stops what runs."""

    async def stop(request: Request) -> Answer:
        if request.method != "POST":
            raise METHOD_NOT_ALLOWED
        logger.warning("stopping, as a client of the API asks for")
        running.stop()
        return Answer()

    return (Endpoint("/stop", stop),)
