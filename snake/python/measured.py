"""measured: a handler whose app's requests are counted and timed."""

from __future__ import annotations

from time import perf_counter

from snake.http.errors import AbortError
from snake.http.handler import Handler, Next, Send
from snake.http.request import Request
from snake.metrics.apps import APP_DURATION, ERRORS, IN_FLIGHT, TOTAL


def measured(handler: Handler, numbers: memoryview[float]) -> Handler:
    """Return a handler that counts each request into the `numbers` of an app.

    An error is what the app raised, and what kept it from answering; not a response of its own
    that says so.
    """

    async def measuring(request: Request, send: Send, next: Next) -> None:
        numbers[IN_FLIGHT] += 1
        began = perf_counter()
        try:
            await handler(request, send, next)
        except AbortError:  # a client that left, most of the time
            raise
        except Exception:
            numbers[ERRORS] += 1
            raise
        finally:
            numbers[IN_FLIGHT] -= 1
            numbers[TOTAL] += 1
            APP_DURATION.observe(numbers, perf_counter() - began)

    return measuring
