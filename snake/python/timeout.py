"""limit_time: a handler whose app has only so long to make progress (`request_timeout`)."""

from __future__ import annotations

import logging

from snake.app.deadline import Deadline, OverdueError, QueuedError
from snake.http.errors import HandlerError
from snake.http.handler import Handler, Next, Send
from snake.http.request import Request

log = logging.getLogger("snake.python")

_UNAVAILABLE, _TOO_LATE = 503, 504


def limit_time(handler: Handler, name: str, seconds: float) -> Handler:
    """Return a handler that ends a request when its app is late.

    It is a 504 if nothing of the response was sent, else its connection ends. It is a 503 that
    may be asked again later if the app was not called at all, because all its threads were busy.
    """

    async def limited(request: Request, send: Send, next: Next) -> None:
        receive = request.receive
        deadline = Deadline(seconds, receive, send, name, request.uri)
        request.receive = deadline.receive

        async def work() -> None:
            await handler(request, deadline.send, next)

        try:
            await deadline.run(work())
        except QueuedError:
            request.early = [*(request.early or ()), (b"retry-after", b"%d" % max(seconds, 1))]
            raise _failure(_UNAVAILABLE, "has no thread for it") from None
        except OverdueError:
            raise _failure(_TOO_LATE, "does not answer") from None
        finally:
            request.receive = receive

    def _failure(status: int, what: str) -> HandlerError:
        return HandlerError(status, f"the app {name} {what} within {seconds:g} s, request_timeout")

    return limited
